"""A generation-3 card is read where a module speaks for the reader, and nowhere else; each proves itself, once."""

import json
from datetime import date

import msgspec
import pytest
from gmssl_pyx import sm4_cbc_padding_encrypt

from pos_adapter import card_crypto
from pos_adapter.card import KEY_TRIES, Quirks, VirtualCard
from pos_adapter.card_crypto import Algorithm, KeySet
from pos_adapter.external_auth import GET_CHALLENGE
from pos_adapter.psam import Answer, BureauAuth, Present, Question, SoftwarePsam, factors, load_psam, question_text
from pos_adapter.reader import read_identity, same_card_still_there
from pos_adapter.records import SELECT_SSSE, algorithm_of
from settlement.errors import BadInput, CardFault

TODAY = date(2026, 1, 1)
COMMANDS_OF_A_READ = 19  # four more than without: both authentications, the challenge, the file once more
SHUT = "3_auth"
OTHER_SN = "220400D1560000050300000000000099"
OTHER_ROOTS = SoftwarePsam({one: KeySet(internal="11" * 16, read="22" * 16, reset="33" * 16) for one in Algorithm})


def fault_of(call, *args):
    with pytest.raises(CardFault) as error:
        call(*args)
    assert error.value.zh and error.value.cure
    return error.value


def present(image):
    return Present(image.card_sn, bytes.fromhex(image.atr_history), image.cipher)


@pytest.fixture
def personalised(image, window):
    """Return the image of a generation, shut, with another chip's number and keys; further arguments replace fields."""

    def made(generation, serial=1, **fields):
        history = f"0081543100866020170815{serial:04d}"
        blank = msgspec.structs.replace(image(generation), atr_history=history, external_auth=True, **fields)
        return msgspec.structs.replace(blank, keys=window.keys_of(present(blank)))

    return made


class Listening:
    """A way to a card that notes what goes over it."""

    def __init__(self, inner):
        self.inner, self.how, self.sent = inner, inner.how, []
        self.connect, self.close = inner.connect, inner.close

    def transmit(self, apdu):
        response = self.inner.transmit(apdu)
        self.sent.append((bytes(apdu), response))
        return response

    def instructions(self):
        return [sent[1] for sent, _ in self.sent]


# Reading


def test_a_card_that_wants_authentication_is_read_with_a_module_and_refused_without(bench, card, image, till):
    transport = bench.insert(card(SHUT))
    assert fault_of(read_identity, transport, TODAY).code == "D12_AUTH_NEEDED"
    identity = read_identity(transport, TODAY, till)
    assert (identity.psn_name, identity.certno) == (image(SHUT).psn_name, image(SHUT).certno)
    assert same_card_still_there(transport, identity), "卡识别码 is free to read"
    assert fault_of(read_identity, transport, TODAY).code == "D12_AUTH_NEEDED", "what was proved does not last"


@pytest.mark.parametrize(("generation", "algorithm"), [(1, 0), (2, 0), (2, Algorithm.SM4), (3, 0), (3, Algorithm.DES3)])
def test_every_generation_may_be_shut_by_either_algorithm(bench, personalised, till, generation, algorithm):
    shut = personalised(generation, algorithm=algorithm)
    transport = bench.insert(VirtualCard(shut))
    assert fault_of(read_identity, transport, TODAY).code == "D12_AUTH_NEEDED"
    assert read_identity(transport, TODAY, till).psn_name == shut.psn_name


@pytest.mark.parametrize("generation", [1, 2])
def test_an_open_card_is_read_with_a_module_as_without(bench, card, till, generation):
    listening = Listening(bench.insert(card(generation)))
    assert read_identity(listening, TODAY, till) == read_identity(listening, TODAY)
    assert not {0x84, 0x88, 0x82} & set(listening.instructions())


def test_a_chained_card_is_authenticated_too(bench, card, till):
    assert read_identity(bench.insert(card(SHUT, Quirks(get_response=True))), TODAY, till).card_version == "3.00"


def test_each_proof_is_made_anew_and_sent_once(bench, card, till):
    listening = Listening(bench.insert(card(SHUT)))
    read_identity(listening, TODAY, till)
    first, listening.sent = listening.sent, []
    read_identity(listening, TODAY, till)
    assert len(first) == len(listening.sent) == COMMANDS_OF_A_READ
    for instruction in (0x88, 0x82):
        (one,), (two,) = ([sent for sent, _ in sends if sent[1] == instruction] for sends in (first, listening.sent))
        assert one[5:13] != two[5:13] and one[13:] != two[13:]
    assert [code for code in listening.instructions() if code in (0x82, 0x84, 0x88)] == [0x88, 0x84, 0x82]


# Who is not believed


def test_a_module_with_other_keys_costs_the_card_nothing(bench, card, till):
    """Its keys fail at the card's own proof, before anything is sent that the card counts."""
    made = card(SHUT)
    listening = Listening(bench.insert(made))
    for _ in range(KEY_TRIES + 2):
        assert fault_of(read_identity, listening, TODAY, OTHER_ROOTS).code == "D24_NOT_GENUINE"
    assert 0x82 not in listening.instructions()
    assert read_identity(listening, TODAY, till).card_version == "3.00"


def test_a_copy_of_a_card_on_another_chip_is_not_genuine(bench, personalised, image, till):
    """The holder's data can be copied where they are known, the keys of the chip cannot."""
    other = personalised(3, serial=2)
    copy = msgspec.structs.replace(image(SHUT), keys=other.keys, external_auth=False)
    assert fault_of(read_identity, bench.insert(VirtualCard(copy)), TODAY, till).code == "D24_NOT_GENUINE"


def test_a_card_of_generation_3_without_keys_is_not_genuine_where_that_can_be_asked(bench, card, till):
    error = fault_of(read_identity, bench.insert(card(3)), TODAY, till)
    assert error.code == "D24_NOT_GENUINE" and "6A88" in error.found


class Deaf:
    """A module whose read key is not the card's, while its internal one is."""

    how = "deaf"

    def __init__(self, inner):
        self.inner = inner

    def answer(self, question):
        return Answer(self.inner.answer(question).card, bytes(16))


def test_a_reader_that_is_not_believed_stops_and_a_locked_key_is_told(bench, card, till):
    made = card(SHUT)
    listening = Listening(bench.insert(made))
    for left in range(KEY_TRIES - 1, -1, -1):
        error = fault_of(read_identity, listening, TODAY, Deaf(till))
        assert error.code == "D25_AUTH_REFUSED" and f"63C{left}" in error.found
        assert "密码" not in error.zh, "it is the key's counter, not the PIN's"
        assert made.key_tries["read"] == left
    assert listening.instructions().count(0x82) == KEY_TRIES, "one a read"
    assert fault_of(read_identity, listening, TODAY, till).code == "D13_LOCKED"
    assert made.tries_left == made.image.pin_tries


def test_a_module_without_the_cards_algorithm_or_without_a_key(bench, card, till):
    transport = bench.insert(card(SHUT))
    only_3des = SoftwarePsam({Algorithm.DES3: KeySet(internal="11" * 16, read="22" * 16)})
    error = fault_of(read_identity, transport, TODAY, only_3des)
    assert error.code == "D12_AUTH_NEEDED" and "algorithm 03" in error.found
    blind = SoftwarePsam({Algorithm.SM4: KeySet(internal="11" * 16)})
    assert fault_of(read_identity, transport, TODAY, blind).code == "D12_AUTH_NEEDED"


@pytest.mark.parametrize(
    ("at", "sw", "code"),
    [
        (8, 0x6982, "D24_NOT_GENUINE"), (8, 0x6D00, "D24_NOT_GENUINE"), (8, 0x9303, "D13_LOCKED"),
        (8, 0x6C10, "D24_NOT_GENUINE"), (9, 0x6D00, "D15_UNEXPECTED"), (9, 0x9000, "D15_UNEXPECTED"),
        (10, 0x63C1, "D25_AUTH_REFUSED"), (10, 0x6988, "D25_AUTH_REFUSED"), (10, 0x6983, "D13_LOCKED"),
        (10, 0x6C08, "D25_AUTH_REFUSED"), (11, 0x6A82, "D11_ITEM_MISSING"), (12, 0x6982, "D12_AUTH_NEEDED"),
    ],
)  # fmt: skip
def test_a_status_word_at_a_step_of_the_authentication(inside, card, till, at, sw, code):
    listening = Listening(inside.insert(card(SHUT, Quirks(sw_at={at: sw}))))
    assert fault_of(read_identity, listening, TODAY, till).code == code
    assert listening.instructions().count(0x82) <= 1, "never sent twice, whatever was answered"


@pytest.mark.parametrize("after", [8, 9, 10, 11])
def test_a_card_pulled_during_the_authentication(bench, card, till, after):
    transport = bench.insert(card(SHUT, Quirks(drop_after=after)))
    assert fault_of(read_identity, transport, TODAY, till).code == "D04_CARD_GONE"
    assert fault_of(transport.transmit, GET_CHALLENGE).code == "D04_CARD_GONE"


class TwoCards:
    """A slot whose card becomes another one without any notice."""

    def __init__(self, first, second):
        self.first, self.second, self.left, self.atr = first, second, 0, first.atr

    def reset(self):
        self.first.reset()
        self.second.reset()

    def process(self, apdu):
        self.left -= 1
        return (self.first if self.left >= 0 else self.second).process(apdu)


def test_no_change_of_cards_gets_through_an_authentication(bench, personalised, till):
    """Whichever command meets the second card, which is genuine too and has its application selected."""
    selected = Quirks(ssse_at_reset=True)
    both = TwoCards(
        VirtualCard(personalised(3, serial=1)), VirtualCard(personalised(3, serial=2, card_sn=OTHER_SN), selected)
    )
    transport = bench.insert(both)
    outcomes = {}
    for after in range(3, COMMANDS_OF_A_READ):
        both.reset()
        both.first.key_tries["read"] = both.second.key_tries["read"] = KEY_TRIES
        both.left = after
        outcomes[after] = fault_of(read_identity, transport, TODAY, till).code
    moved = dict.fromkeys((*range(3, 7), *range(12, 16), 18), "D14_FILE_MOVED")
    assert outcomes == moved | {
        7: "D24_NOT_GENUINE", 8: "D24_NOT_GENUINE",  # its proof is not that of the first card
        9: "D25_AUTH_REFUSED", 10: "D25_AUTH_REFUSED",  # nor does it believe what was made for the first card
        11: "D12_AUTH_NEEDED", 16: "D20_MIXED_READ", 17: "D20_MIXED_READ",
    }  # fmt: skip


# The bureau


class Bureau:
    """A key server made of a module, which speaks the text form."""

    def __init__(self, psam):
        self.psam, self.asked = psam, []

    def __call__(self, text):
        self.asked.append(text)
        region, history, algorithm, card_sn, *four, terminal, end = text.split("|")
        assert (region, terminal, end) == (card_sn[:6], "T0001", "")
        card = Present(card_sn, bytes.fromhex(history), int(algorithm, 16))
        answer = self.psam.answer(Question(card, *(bytes.fromhex(one) for one in four)))
        return f"{answer.card.hex()}|{answer.reader.hex()}".upper()


def test_a_card_is_read_by_way_of_the_bureau(bench, card, till, image):
    bureau = Bureau(till)
    identity = read_identity(bench.insert(card(SHUT)), TODAY, BureauAuth(bureau, "T0001"))
    assert identity.psn_name == image(SHUT).psn_name
    (asked,) = bureau.asked
    fields = asked.split("|")
    assert len(fields) == 10 and fields[:4] == ["220400", image(SHUT).atr_history, "03", image(SHUT).card_sn]
    assert all(len(field) == 16 for field in fields[4:8])
    assert identity.certno not in asked and identity.psn_name not in asked


def _raises(text):
    raise TimeoutError(f"secret {text}")


@pytest.mark.parametrize(
    ("bureau", "code"),
    [
        (lambda _: "", "D57_BUREAU_SILENT"),
        (lambda _: None, "D57_BUREAU_SILENT"),
        (lambda _: "00" * 8, "D57_BUREAU_SILENT"),
        (lambda _: f"{'00' * 8}|{'00' * 15}", "D57_BUREAU_SILENT"),
        (lambda _: f"{'00' * 8}|{'0g' * 16}", "D57_BUREAU_SILENT"),
        (lambda _: f"{'00' * 8}|{'00' * 16}\n", "D57_BUREAU_SILENT"),
        (_raises, "D57_BUREAU_SILENT"),
        (lambda _: f"{'00' * 8}|{'00' * 16}|", "D24_NOT_GENUINE"),
        (lambda _: f"{'00' * 16}|{'00' * 16}", "D24_NOT_GENUINE"),
    ],
)
def test_a_bureau_that_does_not_answer_as_it_should(inside, card, bureau, code):
    made = card(SHUT)
    error = fault_of(read_identity, inside.insert(made), TODAY, BureauAuth(bureau, "T0001"))
    assert error.code == code and "secret" not in str(error)
    assert made.key_tries["read"] == KEY_TRIES


# Keys


def test_the_keys_on_the_card_of_the_repository_follow_from_the_modules(image, till, window):
    shut = image(SHUT)
    card = present(shut)
    made = window.keys_of(card)
    assert {name: getattr(made, name).upper() for name in made.__struct_fields__} == {
        name: getattr(shut.keys, name) for name in made.__struct_fields__
    }
    assert till.keys_of(card) == msgspec.structs.replace(made, reset=""), "a till's module has no key that resets"


def test_every_part_of_what_a_card_is_makes_other_keys(image, till):
    card = present(image(SHUT))
    near = [
        card,
        card._replace(atr_history=card.atr_history[:-1] + b"\x35"),
        card._replace(card_sn="220500" + card.card_sn[6:]),
        card._replace(card_sn="210400" + card.card_sn[6:]),
        card._replace(algorithm=Algorithm.DES3),
    ]
    keys = [till.keys_of(one) for one in near]
    assert len({one.internal for one in keys} | {one.read for one in keys}) == 2 * len(near)
    assert factors(card) == (b"220000sh", b"220400sx", bytes.fromhex("8660201708150034"))
    assert factors(card._replace(card_sn="530102" + card.card_sn[6:]))[:2] == (b"530000sh", b"530102sx")


@pytest.mark.parametrize("bad", [{"atr_history": b"1234567"}, {"card_sn": "22A400D1560000050300000000000013"}])
def test_a_card_that_cannot_make_a_key(image, till, bad):
    assert fault_of(till.keys_of, present(image(SHUT))._replace(**bad)).code == "D22_DATA_BAD"


def test_the_example_of_the_sm4_standard():
    """Its key and text are a factor and its complement, so that the standard's own example is one of ours."""
    key, factor = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210"), bytes.fromhex("0123456789ABCDEF")
    assert card_crypto.diversified(Algorithm.SM4, key, factor).hex() == "681edf34d206965e86b3e94f536e4246"


def test_the_example_of_the_des_standard():
    key, factor = bytes.fromhex("0123456789ABCDEF" * 2), b"Now is t"
    assert card_crypto.diversified(Algorithm.DES3, key, factor)[:8].hex() == "3fa40e8a984d4815"


def test_an_sm4_cryptogram_made_by_another_library():
    key, factor, data = bytes(range(16)), b"factor-8", b"12345678"

    def sm4(key, block):
        return sm4_cbc_padding_encrypt(key, bytes(16), block)[:16]

    block = sm4(sm4(key, factor + bytes(one ^ 0xFF for one in factor)), data + bytes(8))
    folded = bytes(left ^ right for left, right in zip(block[:8], block[8:], strict=True))
    assert card_crypto.cryptogram(Algorithm.SM4, key, factor, data) == folded


@pytest.mark.parametrize("algorithm", list(Algorithm))
def test_a_sealed_pin_is_opened_by_its_key_and_challenge_alone(algorithm):
    key, challenge = bytes(range(16)), b"12345678"
    for count in range(2, 9):
        digits = bytearray(bytes.fromhex("1234567890123456")[:count])
        hidden = card_crypto.sealed(algorithm, key, challenge, digits)
        assert len(hidden) == card_crypto.SEALED and bytes(digits) not in hidden
        assert card_crypto.opened(algorithm, key, challenge, hidden) == digits
        for wrong in ((bytes(16), challenge, hidden), (key, b"87654321", hidden), (key, challenge, hidden[::-1])):
            with pytest.raises(ValueError):
                card_crypto.opened(algorithm, *wrong)


@pytest.mark.parametrize("algorithm", list(Algorithm))
def test_a_mac_covers_every_byte_and_the_length(algorithm):
    key, challenge, text = bytes(range(16)), b"12345678", bytes(range(25))
    right = card_crypto.mac(algorithm, key, challenge, text)
    others = [text[:at] + bytes((text[at] ^ 1,)) + text[at + 1 :] for at in range(len(text))] + [
        text + b"\0",
        text[:-1],
    ]
    assert len(right) == card_crypto.MAC
    assert right not in [card_crypto.mac(algorithm, key, challenge, other) for other in others]
    assert right != card_crypto.mac(algorithm, key, b"12345679", text)


def test_no_key_is_in_any_text(image, window):
    shut = image(SHUT)
    told = repr(window) + repr(shut) + repr(shut.keys) + repr(VirtualCard(shut)) + str(window.keys_of(present(shut)))
    roots = [getattr(keys, name) for keys in window._roots.values() for name in keys.__struct_fields__]
    for key in [*roots, *(getattr(shut.keys, name) for name in shut.keys.__struct_fields__)]:
        assert len(key) == 32 and key.lower() not in told.lower()
    assert shut.pin not in repr(shut)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "truncated"), ("[]", "object"), ('{"sm4": {"internal": "CAFE"}}', "internal"),
        (json.dumps({"sm4": {"read": "CAFE" * 8 + "00"}}), "read"), ('{"sm5": {}}', "sm5"), ('{"sm4": {"write": ""}}', "write"),
        (json.dumps({"sm4": {"reset": "CAFE" * 7 + "CAFG"}}), "reset"),
    ],
)  # fmt: skip
def test_a_bad_file_of_keys_is_refused_without_quoting_a_key(tmp_path, text, word):
    path = tmp_path / "psam.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadInput) as error:
        load_psam(path)
    assert error.value.code == "C15_NOT_AN_OBJECT" and error.value.zh
    assert word in str(error.value) and "psam.json" in str(error.value) and "CAF" not in str(error.value)


@pytest.mark.parametrize(
    ("fci", "number"),
    [("6F19840F" + SELECT_SSSE[5:].hex() + "A5069F0C0386010390", 3), ("6F00", 1), ("", 1), ("9F0C038601", 1)],
)
def test_the_algorithm_that_a_card_names(fci, number):
    assert algorithm_of(bytes.fromhex(fci)) == number


def test_a_question_in_the_text_form():
    card = Present("220400D156000005", bytes.fromhex("00AB"), 3)
    four = (b"\x01" * 8, b"\x02" * 8, b"\x03" * 8, b"\xaa" * 8)
    text = f"220400|00AB|03|220400D156000005|{'01' * 8}|{'02' * 8}|{'03' * 8}|{'AA' * 8}|T1|"
    assert question_text(Question(card, *four), "T1") == text
