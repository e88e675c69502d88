"""The way to AWS's APIs: TLS, HTTP, signatures, retries and DynamoDB's values; no operation of one.

What is asked of DynamoDB is in `orders.dynamodb`, of all others in `orders.aws_api`.
"""
