"""What holds for every transport: the same suite in process and through pcscd, vpcd and pyscard."""

import pytest

from pos_adapter import records
from pos_adapter.card import Quirks
from pos_adapter.reader import read_identity, same_card_still_there
from pos_adapter.transport import exchange
from settlement.errors import CardFault

NAMES = {1: "虚构甲", 2: "虚构乙·测试用A姓名较长·并非真人·切勿当真", 3: "虚构㛃"}
COMMANDS_OF_A_READ = 15


def code_of(call, *args):
    with pytest.raises(CardFault) as error:
        call(*args)
    assert error.value.zh and error.value.cure
    return error.value.code


@pytest.mark.parametrize("generation", [1, 2, 3])
def test_a_card_is_read_whole(bench, card, image, today, generation):
    written = image(generation)
    read = read_identity(bench.insert(card(generation)), today).as_dict(full=True)
    assert read | {"how": ""} == {
        "mdtrt_cert_type": "03", "mdtrt_cert_no": written.card_no, "card_sn": written.card_sn,
        "psn_name": NAMES[generation], "certno": written.certno, "issuing_admdvs": "220400",
        "card_version": f"{generation}.00", "issued": written.issued, "valid_until": written.valid_until,
        "atr_history": "00810000000000000000000000", "how": "",
    }  # fmt: skip
    assert read["how"].startswith(("in process", "PC/SC Virtual PCD"))


def test_a_chained_and_choosy_card_is_read_too(bench, card, today):
    """61xx on SELECT, files only by P1 00, a wrong Le answered by 6Cxx."""
    transport = bench.insert(card(2, Quirks(get_response=True, select_p1=(0x00,))))
    assert read_identity(transport, today).psn_name == NAMES[2]
    transport.connect()
    fci, sw = exchange(transport, records.SELECT_SSSE)
    exchange(transport, records.select_file(records.EF05, p1=0))
    assert transport.transmit(bytes.fromhex("00B2030000")) == bytes.fromhex("6C06")
    assert exchange(transport, bytes.fromhex("00B2030000")) == (b"\x03\x042.00", 0x9000)
    transport.close()
    assert (fci[:2], sw) == (b"\x6f\x13", 0x9000)


@pytest.mark.parametrize("after", [1, 7, COMMANDS_OF_A_READ - 1])
def test_a_card_pulled_in_the_middle_gives_no_identity(bench, card, today, after):
    transport = bench.insert(card(1, Quirks(drop_after=after)))
    assert code_of(read_identity, transport, today) == "D04_CARD_GONE"
    assert code_of(transport.transmit, records.SELECT_SSSE) == "D04_CARD_GONE", "the connection must stay dead"


def test_a_card_pulled_after_the_read_is_noticed_before_booking(bench, card, today):
    transport = bench.insert(card(1, Quirks(drop_after=COMMANDS_OF_A_READ + 1)))
    identity = read_identity(transport, today)
    assert code_of(same_card_still_there, transport, identity) == "D04_CARD_GONE"


def test_the_same_card_is_still_there(bench, card, image, today):
    transport = bench.insert(card(1))
    identity = read_identity(transport, today)
    assert same_card_still_there(transport, identity)


def test_another_card_before_booking_is_refused(bench, card, today):
    identity = read_identity(bench.insert(card(1)), today)
    bench.pull()
    assert code_of(same_card_still_there, bench.insert(card(2)), identity) == "D21_OTHER_CARD"


def test_a_bank_card_is_the_wrong_card(bench, card, today):
    transport = bench.insert(card(1, Quirks(sw_at={0: 0x6A82})))
    assert code_of(read_identity, transport, today) == "D10_WRONG_CARD"


class TwoCards:
    """A slot whose card becomes another one without any notice."""

    def __init__(self, first, second, after):
        self.first, self.second, self.left, self.atr = first, second, after, first.atr

    def reset(self):
        self.first.reset()
        self.second.reset()

    def process(self, apdu):
        self.left -= 1
        return (self.first if self.left >= 0 else self.second).process(apdu)


def test_a_mixed_read_is_refused_wherever_the_cards_change(bench, card, today):
    """The second card even has its application selected, the worst case; EF06 is read from it."""
    both = TwoCards(card(1), card(2, Quirks(ssse_at_reset=True)), after=0)
    transport = bench.insert(both)
    outcomes = {}
    for after in range(3, COMMANDS_OF_A_READ):
        both.reset()
        both.left = after
        outcomes[after] = code_of(read_identity, transport, today)
    assert set(outcomes.values()) == {"D20_MIXED_READ", "D14_FILE_MOVED"}
    assert {after for after, code in outcomes.items() if code == "D20_MIXED_READ"} == {7, 12, 13}


def test_the_pin_counter_goes_down_survives_a_reset_and_blocks(bench, card):
    transport = bench.insert(card(1))
    wrong, right = bytes.fromhex("0020000003111111"), bytes.fromhex("0020000003123456")
    seen = []
    for command in (wrong, right, wrong, wrong):
        transport.connect()
        seen.append(exchange(transport, command)[1])
        transport.close()
    transport.connect()
    seen += [exchange(transport, command)[1] for command in (wrong, right)]
    transport.close()
    assert seen == [0x63C2, 0x9000, 0x63C2, 0x63C1, 0x63C0, 0x6983]
