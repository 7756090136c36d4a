"""Which accounts are one person: claims, limits, components, and ids that stay."""
