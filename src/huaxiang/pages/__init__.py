"""Pages: what people look at. Static, offline, in Chinese and English, and they print."""

from huaxiang.pages.night import write_index, write_night_page

__all__ = ["write_index", "write_night_page"]
