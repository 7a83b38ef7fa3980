"""What others do: published packages that let somebody act as somebody, or hand out tokens, on the same PostgreSQL."""
