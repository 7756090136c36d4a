"""Ladders from night to night: who stands on which stage, since when, and how people moved."""
