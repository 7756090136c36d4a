"""`python -m huaxiang`: the same as the command."""

from huaxiang.cli.main import run

if __name__ == "__main__":
    run()
