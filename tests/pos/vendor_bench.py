"""A vendor's library for the tests: compiled from vendor_sim.c, told what to return, loaded as any other."""

from pos_adapter.vendor_dll import DllDriver, Setup

GOOD = (
    "220400|220400196802290012|X00000001|220400D1560000050100000000000001|虚构甲|00814D3000863044534D010203"
    "|1.00|20190501|20290430|900000000001|SN0001|"
)
OTHER = (
    "220400|220400200508150034|X00000003|220400D1560000050300000000000003|虚构㛃|00814D3000863044534D010203"
    "|3.00|20240301|20340228|900000000001|SN0001|"
)
GOOD_SN, OTHER_SN = "220400D1560000050100000000000001", "220400D1560000050300000000000003"


class SimulatedDriver(DllDriver):
    """The simulated library, with its answers beside it."""

    def __init__(self, library, **setup):
        super().__init__(Setup(library, **setup))
        self.folder = library.parent

    def answers(self, *lines):
        """Set what the functions return: (function, code, text or bytes); begins again from the first."""
        self.close()
        shown = [
            (name, code, text if isinstance(text, bytes) else text.encode("gb18030")) for name, code, text in lines
        ]
        text = "".join(f"{name} {code} {output.hex() or '-'}\n" for name, code, output in shown)
        (self.folder / "driver_sim.txt").write_text(text, encoding="ascii")
        return self


class Bureau:
    """The bureau's key server for the simulated library; its keys are those of vendor_sim.c."""

    def __init__(self):
        self.asked = []

    def __call__(self, challenge):
        self.asked.append(challenge)
        fields = challenge.split("|")
        return f"{_answer(*fields[4:6])}|{_answer(*fields[6:8])}{'0' * 16}"


def _answer(factor, data):
    return "".join(f"{int(a, 16) ^ int(b, 16) ^ 5:X}" for a, b in zip(factor, data, strict=True))
