"""What CloudWatch's languages mean, pure: no AWS client and no file, whoever asks."""
