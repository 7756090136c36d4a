"""huaxiang (画像): one portrait per person from what people do socially and what they buy."""

__version__ = "0.1.0"
