"""What a worker does next about an incident: from an order, its ledger entry and a look to steps, waits and answers.

It knows neither evidence nor gates: why an incident was opened is the business of `deciding`.
"""
