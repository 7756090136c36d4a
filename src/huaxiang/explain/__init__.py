"""One person on demand: what is told of them and why, as known now or on an earlier day; and what columns tell at all."""
