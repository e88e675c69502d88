"""Least privilege, proven both ways: what was asked of AWS against what the template grants.

deployed        the roles and their grants, as CloudFormation has resolved them
at_run_time     what AWS itself does in a role's name, where no request of ours can be recorded
engine, judge   the policy engine, and its verdict: what is missing, and what is spare
exercise        a walk that uses every permission that a function has
"""
