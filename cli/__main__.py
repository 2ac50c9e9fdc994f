"""`python -m cli`: the same as `sales-channel`."""

from cli.app import main

main()
