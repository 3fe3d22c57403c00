"""What runs came to: their answers, the ledger, tables of it, published figures, comparisons."""
