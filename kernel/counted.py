"""Numbers that bring their noun along, so that one is never said to be many."""


class Counted(int):
    """In a sentence, `{left:voucher|vouchers}` reads "1 voucher" or "12 vouchers"."""

    def __format__(self, forms: str) -> str:
        one, bar, many = forms.partition("|")
        if not bar:
            return super().__format__(forms)
        return f"{int(self)} {one if self._is_one() else many}"

    def _is_one(self) -> bool:
        return self == 1


class CountedInFrench(Counted):
    """French says the singular of none, too: "0 bon", "1 bon", "2 bons"."""

    def _is_one(self) -> bool:
        return abs(self) < 2
