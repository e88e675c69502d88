"""The pipeline's files: every step of theirs is run here, or stands in a list with its reason.

files       the steps of GitHub's workflows and of GitLab's jobs, as they are written
expressions what stands between ${{ and }}, from what is known of an event
clone       a checkout of its own, an account to deploy to, and programs that play GitHub's
calls       what commands ask of AWS, written down while they run
"""
