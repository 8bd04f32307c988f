"""A vendor's driver: a shared library that is really compiled, loaded and called; good, bad, slow and broken ones."""

import ast
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import tomllib
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vendor_bench import GOOD, GOOD_SN, OTHER, OTHER_SN, Bureau, SimulatedDriver

from pos_adapter import credentials, vendor, vendor_host
from pos_adapter.vendor import Returned, VendorReader, challenge_card_sn, identity_of, split_output
from pos_adapter.vendor_dll import DllDriver, Setup, read_setup
from settlement.errors import CardFault

HERE = Path(__file__).parent
TODAY = date(2026, 1, 1)
CASES = tomllib.loads((HERE.parent / "data/pos/vendor_outputs.toml").read_text(encoding="utf-8"))["case"]


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("no C compiler: the simulated library cannot be built")
    made = tmp_path_factory.mktemp("vendor") / "SSCardDriver.so"
    command = [compiler, "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", made, HERE / "vendor_sim.c"]
    subprocess.run(command, check=True, timeout=60)
    return made


@pytest.fixture
def driver(library):
    with SimulatedDriver(library) as made:
        yield made


def output_of(case):
    return bytes.fromhex(case["hex"]) if "hex" in case else case["output"].encode("gb18030")


def refused(call, *args, **kwargs):
    with pytest.raises(CardFault) as error:
        call(*args, **kwargs)
    return error.value


# --- what the fields become ---


@pytest.mark.parametrize("case", CASES, ids=[case["why"] for case in CASES])
def test_an_output(case):
    if "code" not in case:
        fields = identity_of(split_output(output_of(case)), TODAY, "driver").as_dict(full=True)
        assert {name: fields[name] for name in case["identity"]} == case["identity"]
        return
    error = refused(lambda: identity_of(split_output(output_of(case)), TODAY, "driver"))
    assert error.code == case["code"] and case["word"] in error.found and error.zh
    assert "虚构" not in str(error) and not any(
        number in str(error) for number in ("196802290", "X0000000", "05010000")
    )


def test_there_are_enough_bad_outputs():
    assert sum("code" in case for case in CASES) >= 30


def test_outputs_come_through_the_library_as_they_are(driver):
    """The whole way for every case: C string, pipe, fields."""
    driver.answers(*(("read", 0, output_of(case)) for case in CASES))
    for case in CASES:
        code, output = driver.call(vendor.READ, 3, deadline_s=5)
        assert (code, output) == (0, output_of(case))


# --- reading ---


def test_a_card_is_read_twice_and_must_be_the_same(driver):
    reader = VendorReader(driver.answers(("read", 0, GOOD)))
    identity = reader.read(TODAY)
    assert (identity.card_sn, identity.psn_name, identity.how) == (GOOD_SN, "虚构甲", "driver SSCardDriver.so")
    assert reader.still_there(identity) is True
    driver.answers(("read", 0, GOOD), ("read", 0, OTHER))
    assert refused(reader.read, TODAY).code == "D20_MIXED_READ"


def test_a_reading_of_two_persons_is_not_given_out(driver):
    """The library read 卡识别码 of one card and the holder of the next: only the second reading shows it."""
    mixed = GOOD.replace("220400196802290012", "220400200508150034").replace("虚构甲", "虚构㛃")
    reader = VendorReader(driver.answers(("read", 0, mixed), ("read", 0, OTHER)))
    assert refused(reader.read, TODAY).code == "D20_MIXED_READ"


def test_the_card_is_asked_for_again_before_the_booking(driver):
    reader = VendorReader(driver.answers(("read", 0, GOOD), ("read", 0, GOOD), ("read", 0, OTHER), ("read", -2, "")))
    identity = reader.read(TODAY)
    assert refused(reader.still_there, identity).code == "D21_OTHER_CARD"
    assert refused(reader.still_there, identity).code == "D04_CARD_GONE"


@pytest.mark.parametrize(
    ("returned", "code"),
    [
        (-1, "D10_WRONG_CARD"), (-2, "D04_CARD_GONE"), (-4, "D05_CARD_MUTE"), (-11, "D02_NO_READER"),
        (-13, "D52_DRIVER_LACKS"), (-21, "D24_NOT_GENUINE"), (-27266, "D11_ITEM_MISSING"), (-27010, "D12_AUTH_NEEDED"),
        (-2201, "D12_AUTH_NEEDED"), (-27272, "D12_AUTH_NEEDED"), (-999, "D15_UNEXPECTED"), (1, "D15_UNEXPECTED"),
    ],
)  # fmt: skip
def test_a_return_code_of_the_library(driver, returned, code):
    """Also with a good output beside it: only 0 is good. A code above 0 is the one that samples in the wild let through."""
    error = refused(VendorReader(driver.answers(("read", returned, GOOD))).read, TODAY)
    assert error.code == code and str(abs(returned)) in error.found and error.zh


def test_an_unknown_kind_of_reading(driver):
    assert refused(VendorReader(driver.answers(("read", 0, GOOD)), i_type=7).read, TODAY).code == "D53_DRIVER_MISUSED"


# --- the two steps by way of the bureau ---


@pytest.mark.parametrize("wanted", [-2201, -2202, -2203, -27272, -24])
def test_the_two_steps(driver, wanted):
    bureau = Bureau()
    driver.answers(("read", wanted, ""), ("step1", 0, OTHER_SN), ("step2", 0, OTHER))
    reader = VendorReader(driver, bureau)
    identity = reader.read(TODAY)
    assert (identity.card_sn, identity.psn_name) == (OTHER_SN, "虚构㛃")
    assert len(bureau.asked) == 1 and bureau.asked[0].count("|") == 9
    assert reader.still_there(identity) and len(bureau.asked) == 1, "步骤一 alone says which card it is"
    driver.answers(("read", wanted, ""), ("step1", 0, GOOD_SN))
    assert refused(reader.still_there, identity).code == "D21_OTHER_CARD"


def test_an_output_without_a_holder_goes_by_the_bureau_too(driver):
    empty = "220400|||220400D1560000050300000000000003||008C543000863044534D010203|3.00|20240301|20340228|"
    driver.answers(("read", 0, empty), ("step1", 0, OTHER_SN), ("step2", 0, OTHER))
    assert VendorReader(driver, Bureau()).read(TODAY).psn_name == "虚构㛃"
    driver.answers(("read", 0, empty))
    assert refused(VendorReader(driver).read, TODAY).code == "D12_AUTH_NEEDED"


def test_every_challenge_is_a_new_one(driver):
    bureau = Bureau()
    driver.answers(("read", -2201, ""), ("step1", 0, OTHER_SN), ("step2", 0, OTHER))
    reader = VendorReader(driver, bureau)
    reader.read(TODAY), reader.read(TODAY)
    assert bureau.asked[0] != bureau.asked[1]
    old = bureau(bureau.asked[0])
    bureau.asked.clear()
    assert refused(VendorReader(driver, lambda challenge: old).read, TODAY).code == "D56_BUREAU_MISMATCH"


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda answer: answer, None),
        (lambda answer: answer + "|", None),
        (lambda answer: "F" * 16 + answer[16:], "D56_BUREAU_MISMATCH"),
        (lambda answer: answer[:17] + "F" * 32, "D12_AUTH_NEEDED"),
        (lambda answer: answer[:-1], "D57_BUREAU_SILENT"),
        (lambda answer: answer.replace("|", ""), "D57_BUREAU_SILENT"),
        (lambda answer: answer + "\n", "D57_BUREAU_SILENT"),
        (lambda answer: "", "D57_BUREAU_SILENT"),
        (lambda answer: None, "D57_BUREAU_SILENT"),
        (lambda answer: "认证失败", "D57_BUREAU_SILENT"),
    ],
)
def test_what_the_bureau_answers(driver, spoil, code):
    driver.answers(("read", -2201, ""), ("step1", 0, OTHER_SN), ("step2", 0, OTHER))
    bureau = Bureau()
    reader = VendorReader(driver, lambda challenge: spoil(bureau(challenge)))
    if code is None:
        assert reader.read(TODAY).card_sn == OTHER_SN
    else:
        assert refused(reader.read, TODAY).code == code


def test_a_bureau_that_cannot_be_reached(driver):
    def silent(challenge):
        raise TimeoutError(challenge)

    driver.answers(("read", -2201, ""), ("step1", 0, OTHER_SN))
    error = refused(VendorReader(driver, silent).read, TODAY)
    assert error.code == "D57_BUREAU_SILENT" and OTHER_SN not in str(error)


@pytest.mark.parametrize(
    ("step_1", "step_2", "code"),
    [
        ((0, GOOD_SN), (0, OTHER), "D20_MIXED_READ"),  # the card was changed while the bureau was asked
        ((-2204, ""), (0, OTHER), "D58_NO_HSM_NEEDED"),
        ((-2, ""), (0, OTHER), "D04_CARD_GONE"),
        ((0, "220400|x|y|"), (0, OTHER), "D55_DRIVER_OUTPUT"),
        ((0, f"220400|虚|03|{OTHER_SN}|1|2|3|4|5|"), (0, OTHER), "D55_DRIVER_OUTPUT"),
        ((0, "220400A0000003330100000000000001"), (0, OTHER), "D22_DATA_BAD"),
        ((0, OTHER_SN), (-2, ""), "D04_CARD_GONE"),
        ((0, OTHER_SN), (0, "220400|"), "D55_DRIVER_OUTPUT"),
    ],
)
def test_steps_that_go_wrong(driver, step_1, step_2, code):
    driver.answers(("read", -2201, ""), ("step1", *step_1), ("step2", *step_2))
    assert refused(VendorReader(driver, Bureau()).read, TODAY).code == code


# --- PIN at the terminal's keypad ---


@pytest.mark.parametrize(
    ("returned", "code"),
    [
        (0, None), (-31, "D36_PIN_CANCELLED"), (-32, "D37_PIN_TIMED_OUT"), (-33, "D38_PIN_LENGTH"),
        (-34, "D39_PIN_NOT_THE_SAME"), (-35, "D34_PIN_INITIAL"), (-36, "D35_PIN_NOT_NEW"), (-51, "D30_PIN_WRONG"),
        (-52, "D31_PIN_BLOCKED"), (-0x63C2, "D30_PIN_WRONG"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("function", ["verify", "change"])
def test_a_pin_is_asked_for_once(driver, function, returned, code):
    """The second line of the simulation would succeed: a call that is repeated would be seen by it."""
    driver.answers(("read", 0, GOOD), (function, returned, ""), (function, 0, ""))
    reader = VendorReader(driver)
    identity = reader.read(TODAY)
    enter = getattr(reader, f"{function}_pin")
    if code is None:
        assert enter(identity) is None
    else:
        error = refused(enter, identity)
        assert error.code == code and ("还可试 2 次" in error.zh) == (returned == -0x63C2)


def test_a_pin_belongs_to_the_card_that_was_read(driver):
    driver.answers(("read", 0, GOOD), ("read", 0, GOOD), ("read", 0, OTHER), ("verify", 0, ""))
    reader = VendorReader(driver)
    assert refused(reader.verify_pin, reader.read(TODAY)).code == "D21_OTHER_CARD"
    driver.answers(("read", 0, GOOD), ("read", 0, GOOD), ("read", 0, GOOD), ("read", 0, OTHER), ("verify", 0, ""))
    assert refused(reader.verify_pin, reader.read(TODAY)).code == "D21_OTHER_CARD", "changed during the entry"


# --- a library that hangs, crashes, prints, writes too far, is missing ---


def gone(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_a_library_that_hangs_does_not_hang_the_till(driver):
    driver.answers(("read", "hang", ""))
    began = time.monotonic()
    error = refused(driver.call, vendor.READ, 3, deadline_s=0.5)
    assert error.code == "D09_STUCK" and time.monotonic() - began < 3
    assert driver.pid == 0
    identity = VendorReader(driver.answers(("read", 0, GOOD))).read(TODAY)
    assert identity.card_sn == GOOD_SN, "the next call meets a new process"


def test_the_process_that_hung_is_gone(driver):
    driver.answers(("verify", 0, ""), ("read", "hang", ""))
    driver.call(vendor.VERIFY_PIN, 3, deadline_s=5)
    pid = driver.pid
    refused(driver.call, vendor.READ, 3, deadline_s=0.3)
    assert pid and gone(pid)


def test_a_hanging_process_ends_when_its_till_dies(library, tmp_path):
    """The till is killed in the middle of a call; nothing must keep the reader."""
    shutil.copy(library, tmp_path)
    (tmp_path / "driver_sim.txt").write_text("read hang -\n", encoding="ascii")
    code = (
        "import sys, threading, time; from pathlib import Path; from pos_adapter.vendor_dll import DllDriver, Setup\n"
        "driver = DllDriver(Setup(Path(sys.argv[1])))\n"
        "threading.Thread(target=lambda: driver.call('iReadCardBas', 3, deadline_s=60), daemon=True).start()\n"
        "while not driver.pid: time.sleep(0.01)\n"
        "time.sleep(0.3); print(driver.pid, flush=True); time.sleep(60)\n"
    )
    command = [sys.executable, "-c", code, tmp_path / library.name]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as till:
        pid = int(till.stdout.readline())
        assert not gone(pid)
        till.send_signal(signal.SIGKILL)
        till.wait()
    deadline = time.monotonic() + 5
    while not gone(pid):
        assert time.monotonic() < deadline, "the driver's process outlived its till"
        time.sleep(0.02)


def test_a_library_that_crashes_is_one_failed_call(driver):
    driver.answers(("read", "crash", ""))
    error = refused(driver.call, vendor.READ, 3, deadline_s=5)
    assert error.code == "D51_DRIVER_FAILED" and str(-signal.SIGABRT) in error.found
    assert VendorReader(driver.answers(("read", 0, GOOD))).read(TODAY).card_sn == GOOD_SN


def test_a_library_that_prints_does_not_spoil_the_answer(driver):
    driver.answers(("read", "print", GOOD))
    assert VendorReader(driver).read(TODAY).card_sn == GOOD_SN


def test_a_library_that_writes_past_its_room(driver):
    driver.answers(("read", "flood", ""))
    assert refused(driver.call, vendor.READ, 3, deadline_s=5).code == "D51_DRIVER_FAILED"


def test_a_library_that_is_missing_or_none(tmp_path):
    with DllDriver(Setup(tmp_path / "none.so")) as driver:
        assert refused(driver.call, vendor.READ, 3, deadline_s=5).code == "D50_DRIVER_MISSING"
    (tmp_path / "text.so").write_text("not a library", encoding="ascii")
    with DllDriver(Setup(tmp_path / "text.so")) as driver:
        error = refused(driver.call, vendor.READ, 3, deadline_s=5)
        assert error.code == "D50_DRIVER_MISSING" and "text.so" in error.found and "32-bit" in error.cure
        assert refused(driver.call, vendor.READ, 3, deadline_s=5).code == "D50_DRIVER_MISSING", "and again, not stuck"


def test_a_python_that_cannot_be_started(library):
    with SimulatedDriver(library, python=str(library.parent / "no-python")) as driver:
        assert refused(driver.call, vendor.READ, 3, deadline_s=5).code == "D50_DRIVER_MISSING"


def test_functions_under_other_names(library):
    with SimulatedDriver(library, names={vendor.READ: "CityReadCard"}) as driver:
        error = refused(driver.call, vendor.READ, 3, deadline_s=5)
        assert error.code == "D52_DRIVER_LACKS" and "CityReadCard" in error.found
    with SimulatedDriver(library, names={"CityReadCard": vendor.READ}) as driver:
        driver.answers(("read", 0, GOOD))
        assert driver.call("CityReadCard", 3, deadline_s=5).output == GOOD.encode("gb18030")


def test_a_killed_process_is_replaced(driver):
    reader = VendorReader(driver.answers(("read", 0, GOOD)))
    reader.read(TODAY)
    os.kill(driver.pid, signal.SIGKILL)
    deadline = time.monotonic() + 5
    while True:  # the call that meets the dying process may fail; it says so, and the next one works
        try:
            assert reader.read(TODAY).card_sn == GOOD_SN
            break
        except CardFault as error:
            assert error.code == "D51_DRIVER_FAILED" and time.monotonic() < deadline


def test_two_threads_wait_for_each_other_but_not_for_ever(driver):
    driver.answers(("verify", "hang", ""), ("read", 0, GOOD))
    met = []
    first = threading.Thread(target=lambda: met.append(refused(driver.call, vendor.VERIFY_PIN, 3, deadline_s=2)))
    first.start()
    time.sleep(0.3)
    assert refused(driver.call, vendor.READ, 3, deadline_s=0.2).code == "D07_BUSY"
    first.join()
    assert met[0].code == "D09_STUCK"
    assert driver.call(vendor.READ, 3, deadline_s=5).output == GOOD.encode("gb18030")


def test_closing_ends_a_call_that_is_under_way(driver):
    driver.answers(("read", "hang", ""))
    met = []
    under_way = threading.Thread(target=lambda: met.append(refused(driver.call, vendor.READ, 3, deadline_s=30)))
    under_way.start()
    time.sleep(0.3)
    began = time.monotonic()
    driver.close()
    under_way.join(timeout=5)
    assert met[0].code == "D51_DRIVER_FAILED" and time.monotonic() - began < 3


# --- the set-up of a shop, and any bytes at all ---


def test_a_shop_sets_its_driver_up_in_a_file(library, tmp_path):
    shutil.copy(library, tmp_path / "City.so")
    (tmp_path / "driver_sim.txt").write_text(f"read 0 {GOOD.encode('gb18030').hex()}\n", encoding="ascii")
    file = tmp_path / "driver.toml"
    file.write_text('library = "City.so"\ni_type = 1\n[names]\nCityRead = "iReadCardBas"\n', encoding="utf-8")
    with credentials.driver(read_setup(file)) as source:
        identity = source.present(TODAY)
        assert (identity.card_sn, identity.how) == (GOOD_SN, "driver City.so")
        assert source.still_there(identity)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "library is missing"), ("library = 3", "library is missing"), ('library = "a"\ncolour = 1', "colour"),
        ('library = "a"\ni_type = 5', "i_type"), ('library = "a"\ni_type = true', "i_type"),
        ('library = "a"\nconvention = "fast"', "convention"), ('library = "a"\nnames = "x"', "names"),
        ('library = "a"\npython = 3', "python"), ("library = ", "cannot be read"),
    ],
)  # fmt: skip
def test_a_set_up_that_cannot_be(tmp_path, text, word):
    file = tmp_path / "driver.toml"
    file.write_text(text, encoding="utf-8")
    error = refused(read_setup, file)
    assert error.code == "D53_DRIVER_MISUSED" and word in error.found
    assert refused(read_setup, tmp_path / "none.toml").code == "D53_DRIVER_MISUSED"


@given(
    st.binary(max_size=200)
    | st.text(alphabet="|0123456789X虚東 \n", max_size=120).map(lambda text: text.encode("gb18030"))
)
def test_any_bytes_are_an_identity_or_a_fault(output):
    for parse in (lambda: identity_of(split_output(output), TODAY, "driver"), lambda: challenge_card_sn(output)):
        with contextlib.suppress(CardFault):
            parse()


@given(st.integers(0, 10), st.sampled_from(["", "|", "虚", "0", " "]))
def test_a_good_output_with_one_field_replaced_never_changes_another(at, value):
    """Fields never move: what is given out is either the card's own or refused."""
    parts = GOOD.removesuffix("|").split("|")
    parts[at] = value
    try:
        identity = identity_of(split_output(("|".join(parts) + "|").encode("gb18030")), TODAY, "driver")
    except CardFault:
        return
    whole = identity_of(split_output(GOOD.encode("gb18030")), TODAY, "driver").as_dict(full=True)
    field = {2: "mdtrt_cert_no", 4: "psn_name", 5: "atr_history", 6: "card_version", 7: "issued", 8: "valid_until"}.get(
        at
    )
    assert {name for name, value in identity.as_dict(full=True).items() if value != whole[name]} <= {field}


@pytest.mark.parametrize("first", ["0123456789ABCDEF", "0123456789ABCDEF0123456789ABCDEF"])
@pytest.mark.parametrize("end", ["", "|"])
def test_the_bureaus_answer_reaches_step_2_as_it_is(first, end):
    answer, given_to_step_2 = f"{first}|{'0' * 32}{end}", []

    class Recording:
        how = "driver"

        def call(self, function, *arguments, deadline_s):
            if function == vendor.READ:
                return Returned(-2201, b"")
            if function == vendor.STEP_1:
                return Returned(0, f"220400|00|03|{OTHER_SN}|1|2|3|4|5|".encode())
            given_to_step_2.append(arguments)
            return Returned(0, OTHER.encode("gb18030"))

        def close(self):
            pass

    assert VendorReader(Recording(), lambda challenge: answer).read(TODAY).card_sn == OTHER_SN
    assert given_to_step_2 == [(answer.encode(),)]


def test_the_host_runs_under_an_old_python_with_nothing_installed():
    """Vendors' libraries of 32 bits may need an interpreter of 32 bits that is older than this one."""
    source = Path(vendor_host.__file__).read_text(encoding="utf-8")
    tree = ast.parse(source, feature_version=(3, 8))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert names <= {"__future__", "ctypes", "json", "os", "queue", "sys", "threading"}
