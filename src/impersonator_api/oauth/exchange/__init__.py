"""Token exchange, part by part (RFC 8693); the grant that puts them together is `grants/token_exchange`."""
