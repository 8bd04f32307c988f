"""The till: card bytes to a presented identity, through a real or a virtual reader; and messages that are never forgotten.

records       what lies where on a card
card          a virtual card (card_image: what is written on it, from JSON)
transport     commands to a card: PC/SC, or inside the process
reader        a whole identity, or an error from the one table in faults
vpcd          a virtual card in a virtual reader; pcsc_stack: the pcscd behind it
doctor        what works on this machine; ``python -m pos_adapter`` is the command line
till          sends messages through the journal (docs/journal.md): journal, journal_look, journal_file, journal_fold,
              journal_rows; journal_cli: ``python -m pos_adapter journal``
resolving     what became of a message without an answer; reconciling: 3201 and 3202; journal_report: for the cashier
national_client   messages over HTTP, by the region's profile

A card is read in one short connection, 卡识别码 first and last; what cannot be read whole is not an identity.
"""
