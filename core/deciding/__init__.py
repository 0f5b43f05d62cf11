"""What correlate decides: from one record of a segment's mailbox to rows, verdicts and orders.

It knows no recovery and no sentence: `recovering` and `telling` stand beside it and are never imported.
"""
