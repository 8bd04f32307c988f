"""The till's side of a card: card bytes to a presented identity, through a real or a virtual reader.

records       what lies where on a card
card          a virtual card (card_image: what is written on it, from JSON)
transport     commands to a card: PC/SC, or inside the process
reader        a whole identity, or an error from the one table in faults
vpcd          a virtual card in a virtual reader; pcsc_stack: the pcscd behind it
doctor        what works on this machine; ``python -m pos_adapter`` is the command line

A card is read in one short connection, 卡识别码 first and last; what cannot be read whole is not an identity.
"""
