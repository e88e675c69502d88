"""Why a piece of work failed, in words: no name of our own code reaches an operator."""

REASON = "reason"
"""The annotation that says why a message's work was not done, or what a partner's server met."""

_WORDS = {
    "ApiError": "refused",
    "ConditionFailed": "condition not met",
    "Deferred": "no answer, or one that means later",
    "DynamoDBError": "failed",
    "Mistake": "refused",
    "NoAnswer": "no answer",
    "Rejected": "not taken",
    "Throttled": "throttled",
    "TransactionCancelled": "transaction cancelled",
    "Undelivered": "not taken",
    "Unreachable": "no answer",
}
"""What people are told in place of our own exceptions' names."""


def in_words(kind: str) -> str:
    """Say an exception's type: our own in words, any other as it is called."""
    return _WORDS.get(kind, kind)
