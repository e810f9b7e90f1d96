"""The code of a referral: eight signs to say at a counter, the last of which checks the others.

The alphabet has 31 signs that are not mistaken for one another.  31 is a prime and the weights
differ, so one wrong sign, or two that changed places, never give another valid code.
"""

ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
SIGN_COUNT = 7
#: How many codes there are.
CODE_COUNT = len(ALPHABET) ** SIGN_COUNT


def code_of(number: int) -> str:
    """Write a number below CODE_COUNT as a code: `ABCD-EFGH`."""
    if not 0 <= number < CODE_COUNT:
        raise ValueError("a referral's code is made of a number below CODE_COUNT")
    signs = []
    for _ in range(SIGN_COUNT):
        number, sign = divmod(number, len(ALPHABET))
        signs.append(ALPHABET[sign])
    code = "".join(signs)
    return f"{code[:4]}-{code[4:]}{_check_sign(code)}"


def normalise(text: str) -> str | None:
    """Return the code as it is written, from what somebody typed; None when it cannot be one."""
    bare = "".join(sign for sign in text.upper() if sign.isalnum())
    if len(bare) != SIGN_COUNT + 1 or any(sign not in ALPHABET for sign in bare):
        return None
    if bare[-1] != _check_sign(bare[:-1]):
        return None
    return f"{bare[:4]}-{bare[4:]}"


def _check_sign(code: str) -> str:
    weighted = sum(
        weight * ALPHABET.index(sign) for weight, sign in zip(range(2, 9), code, strict=True)
    )
    return ALPHABET[-weighted % len(ALPHABET)]
