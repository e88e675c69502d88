"""What AWS was recorded to answer, asked of the patched emulator that stands in for it.

LocalStack keeps AWS's own answers beside its tests (`*.snapshot.json` in localstack/localstack,
below tests/aws/services). Each case here is ours; it names the recording that it holds the
emulator to, with the date of the recording. What the product relies on is what is asked.
"""
