"""Which images a retention policy keeps, worked out a second time from what docs/guide/housekeeping.md promises."""
from datetime import datetime, timezone
from typing import NamedTuple

HOUR_S, DAY_S = 3600, 86400


def unix_time(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


class Policy(NamedTuple):
    all_s: int
    hourly_s: int
    daily_s: int
    months: int

    def text(self):
        return f"all={self.all_s // HOUR_S}h hourly={self.hourly_s // HOUR_S}h daily={self.daily_s // HOUR_S}h monthly={self.months}"

    def kept(self, images, now):
        """Names. `images`: all that ever were, as `image ls` last told each of them; none pinned, none in use that is not its origin's newest."""
        kept = set()
        for origin in {image["origin"] for image in images}:
            kept |= self._of_origin(sorted((image for image in images if image["origin"] == origin), key=lambda image: image["image"]), now)
        return kept

    def _of_origin(self, images, now):
        proven = [image["image"] for image in images if image["proven"]]
        kept = {images[-1]["image"], *proven[-1:]}
        newest = {}  # of each hour, day and month
        for image in images:
            time = unix_time(image["time"])
            utc = datetime.fromtimestamp(time, timezone.utc)
            newest[f"{utc:%F %H}"] = newest[f"{utc:%F}"] = newest[f"{utc:%Y-%m}"] = (image["image"], now - time, months_between(utc, now))
            if now - time < self.all_s:
                kept.add(image["image"])
        for unit, (name, age, months) in newest.items():
            if len(unit) == len("YYYY-MM"):
                keeps = months <= self.months
            else:
                keeps = age < (self.daily_s if len(unit) == len("YYYY-MM-DD") else self.hourly_s)
            if keeps:
                kept.add(name)
        return kept


def months_between(then, now):
    now = datetime.fromtimestamp(now, timezone.utc)
    return (now.year - then.year) * 12 + now.month - then.month
