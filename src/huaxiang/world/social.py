"""A day on the social platforms: posts, acts on posts, follows and messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from huaxiang.world import comments, rows
from huaxiang.world.clock import DAY, Ints
from huaxiang.world.graph import Followees, first_follows
from huaxiang.world.names import POSTS, TOPICS
from huaxiang.world.people import PLATFORM_WORDS, SOCIAL, Crowd
from huaxiang.world.posts import Pool, Written

if TYPE_CHECKING:
    from huaxiang.world.context import World
    from huaxiang.world.sharing import Shared

_KINDS = tuple(POSTS)
_KIND_SHARE = (0.5, 0.09, 0.31, 0.06, 0.04)
_ACTS = ("view", "like", "click", "favourite", "share", "hide", "report")
_ACT_SHARE = (0.62, 0.2, 0.09, 0.05, 0.03, 0.007, 0.003)
_SCENES = ("feed", "search", "profile", "live", "group")
_CAUSES = ("push", "recommendation", "friend", "search")
_MESSAGE_KINDS = ("text", "red_packet", "gift_card", "service")
_PER_TOPIC = max(len(v) for v in POSTS.values())
_TEXTS = rows.words(
    [
        templates[i % len(templates)].format(topic[1])
        for templates in POSTS.values()
        for topic in TOPICS
        for i in range(_PER_TOPIC)
    ]
)


class Social:
    """The social platforms' memory: recent posts and who follows whom."""

    def __init__(self, world: World) -> None:
        people, accounts = world.people, world.accounts
        self.world = world
        crowd = accounts.of(SOCIAL)
        activity = people.posting[accounts.person[crowd]]
        opened = accounts.opened[crowd]
        loud = activity * np.minimum(people.influence[accounts.person[crowd]], 50.0) ** 0.5
        self.readers = Crowd(
            crowd,
            activity,
            opened,
            at_weekends=people.lives.weekends()[accounts.person[crowd]],
            is_weekend=world.clock.is_weekend,
        )
        self.authors = Crowd(crowd, loud, opened)
        official = np.flatnonzero(accounts.brand >= 0)
        fame = world.goods.brand_popularity[accounts.brand[official]]
        self.brands = Crowd(official, fame, accounts.opened[official])
        self.choose = Followees(people, accounts, world.friends, world.goods)
        self.follows = first_follows(people, accounts, self.choose, world.seed)
        self.pool = Pool(len(accounts.person))
        self._words = tuple(map(rows.words, (_ACTS, _SCENES, _CAUSES, _MESSAGE_KINDS, _KINDS)))
        self._topics = rows.words([t[0] for t in TOPICS])

    def begin(self) -> None:
        """Send the follows that exist when the world begins."""
        rng = self.world.dice("old follows", 0)
        count = len(self.follows.follower)
        at = self.world.clock.midnight(0) - rng.integers(DAY, 20 * DAY, count)
        self._send_follows((self.follows.follower, self.follows.followee), "follow", at, 0)

    def live(self, day: int, shared: Shared) -> None:
        """Make one day; `shared` are the links shared that day, each of which is also a post."""
        self._post(day, shared)
        self._interact(day)
        self._follow(day)
        self._write_messages(day)

    def _post(self, day: int, shared: Shared) -> None:
        world, rng = self.world, self.world.dice("posts", day)
        count = world.count("post", rng, day, self.authors)
        by_people = self.authors.draw(rng, count, day)
        by_brands = self.brands.draw(rng, count // 15 + 1, day)
        own = np.concatenate([by_people, by_brands])
        person = world.accounts.person[own]
        official = person < 0
        topic = np.empty(len(own), np.int64)
        topic[~official] = world.people.topic(rng, person[~official])
        topic[official] = world.goods.brand_topic[world.accounts.brand[own[official]]]
        kind = rng.choice(len(_KINDS), len(own), p=_KIND_SHARE)
        kind[official] = 0
        platform = world.accounts.platform[own]
        parent = np.where(np.isin(kind, (1, 2, 4)), self.pool.pick(rng, platform, topic), -1)
        kind[(parent < 0) & (kind != 3)] = 0
        product = world.goods.choose(rng, np.maximum(person, 0), topic, np.full(len(own), 2))
        brand = np.where(rng.random(len(own)) < 0.35, world.goods.product_brand[product], -1)
        brand[official] = world.accounts.brand[own[official]]
        product = np.where((brand >= 0) & (rng.random(len(own)) < 0.3) & ~official, product, -1)
        shift = np.where(official, 0, world.people.shift[np.maximum(person, 0)])
        at = world.clock.midnight(day) + np.minimum(world.clock.social_times(rng, len(own), shift), DAY - 90)
        parent_post, root_post = self.pool.ancestry(parent)
        total = len(own) + len(shared.account)
        written = Written(
            number=world.numbers("post", total),
            author=np.append(own, shared.account),
            topic=np.append(topic, shared.topic),
            at=np.append(at, shared.at),
            root=np.append(root_post, np.full(len(shared.account), -1)),
            link=np.append(np.full(len(own), -1), shared.link),
        )
        kinds = np.append(kind, np.full(len(shared.account), _KINDS.index("share")))
        brands = np.append(brand, shared.brand)
        template = (kinds * len(TOPICS) + written.topic) * _PER_TOPIC + rng.integers(0, _PER_TOPIC, total)
        world.outbox.post(
            rows.table(
                "social_post",
                total,
                {
                    **world.who(written.author),
                    "post_id": rows.ids(written.number),
                    "kind": rows.pick(self._words[4], kinds),
                    "parent_post_id": rows.ids(np.append(parent_post, np.full(len(shared.account), -1))),
                    "root_post_id": rows.ids(written.root),
                    "text": rows.pick(_TEXTS, template),
                    "topics": rows.lists(total, written.topic, self._topics),
                    "brand_ids": rows.lists(total, brands, world.goods.brand_ident),
                    "product_ids": rows.lists(
                        total, np.append(product, shared.product), world.goods.product_ident
                    ),
                    "at": written.at,
                    "scene": rows.pick(self._words[1], rng.integers(0, len(_SCENES), total)),
                },
            ),
            "social_post",
            day,
        )
        pull = np.where(
            world.accounts.person[written.author] < 0,
            8.0,
            world.people.influence[np.maximum(world.accounts.person[written.author], 0)],
        )
        self.pool.add(day, written, world.accounts.platform[written.author], pull)

    def _interact(self, day: int) -> None:
        world, rng = self.world, self.world.dice("interactions", day)
        actor = self.readers.draw(rng, world.count("interaction", rng, day, self.readers), day)
        person, platform = world.accounts.person[actor], world.accounts.platform[actor]
        post = self.pool.pick(rng, platform, world.people.topic(rng, person))
        friend = world.friends.one_of(rng, person)
        known = np.where(friend >= 0, world.accounts.home[platform, np.maximum(friend, 0)], -1)
        of_friend = np.where(known >= 0, self.pool.latest(np.maximum(known, 0)), -1)
        through_friend = (of_friend >= 0) & (rng.random(len(actor)) < 0.35)
        post = np.where(through_friend, of_friend, post)
        seen = np.flatnonzero(post >= 0)
        actor, person, post = actor[seen], person[seen], post[seen]
        count = len(seen)
        begins = world.clock.midnight(day)
        at = begins + world.clock.social_times(rng, count, world.people.shift[person])
        posted, link = self.pool.at(post), self.pool.link(post)
        at = np.minimum(np.maximum(at, posted + 20), begins + DAY - 1)
        act = np.searchsorted(np.cumsum(_ACT_SHARE)[:-1], rng.random(count, dtype=np.float32))
        dwell = np.minimum(rng.exponential(14.0, count), 600).astype(np.int64) + 1
        world.outbox.post(
            rows.table(
                "social_interaction",
                count,
                {
                    **world.who(actor),
                    "interaction_id": rows.ids(world.numbers("interaction", count)),
                    "post_id": rows.ids(self.pool.number(post)),
                    "act": rows.pick(self._words[0], act),
                    "dwell_seconds": np.where(act == 0, dwell, rows.NULL),
                    "referrer": rows.ids(link, "l"),
                    "at": at,
                    "scene": rows.pick(self._words[1], np.minimum(rng.integers(0, 12, count), 4)),
                },
            ),
            "social_interaction",
            day,
        )

    def _follow(self, day: int) -> None:
        world, rng = self.world, self.world.dice("follow", day)
        count = world.count("follow", rng, day, self.readers)
        left = self.follows.leave(rng, count // 6, day)
        made = self.choose.choose(rng, self.readers.draw(rng, count - count // 6, day))
        there = world.is_open(made[1], day)
        made = made[0][there], made[1][there]
        self.follows.add(*made, day)
        begins = world.clock.midnight(day)
        for edges, action in ((made, "follow"), (left, "unfollow")):
            at = begins + world.clock.social_times(rng, len(edges[0]))
            self._send_follows(edges, action, at, day)

    def _send_follows(self, edges: tuple[Ints, Ints], action: str, at: Ints, day: int) -> None:
        world, (follower, followee) = self.world, edges
        rng, count = world.dice(f"causes/{action}", day), len(follower)
        cause = np.where(rng.random(count) < 0.3, rng.integers(0, len(_CAUSES), count), -1)
        table = rows.table(
            "social_follow",
            count,
            {
                **world.who(follower),
                "follow_id": rows.ids(world.numbers("follow", count), "f"),
                "followee_id": rows.pick(world.accounts.ident, followee),
                "action": action,
                "at": at,
                "cause": rows.pick(self._words[2], cause),
            },
        )
        world.outbox.post(table, "social_follow", day)

    def _write_messages(self, day: int) -> None:
        """Friends write to each other (never with text here), people to brands (with text)."""
        world, rng = self.world, self.world.dice("messages", day)
        count = world.count("message", rng, day, self.readers)
        friends = world.friends
        tie = rng.integers(0, max(len(friends.left), 1), count)[: count if len(friends.left) else 0]
        turned = rng.random(len(tie)) < 0.5
        ends = (friends.left[tie], friends.right[tie])
        left, right = (world.accounts.home[friends.platform[tie], end] for end in ends)
        sender, receiver = np.where(turned, right, left), np.where(turned, left, right)
        kind = np.searchsorted([0.82, 0.93], rng.random(len(tie)))
        asking, asked = self.choose.brands_for(rng, self.readers.draw(rng, count // 8, day))
        sender, receiver = np.append(sender, asking), np.append(receiver, asked)
        kind = np.append(kind, np.full(len(asking), 3))
        there = world.is_open(sender, day) & world.is_open(receiver, day)
        sender, receiver, kind = sender[there], receiver[there], kind[there]
        felt = world.people.satisfaction[np.maximum(world.accounts.person[sender], 0)]
        text = comments.dialogues(world.dice("dialogue texts", day), felt, kind == 3)
        columns: dict[str, Any] = {
            **world.who(sender),
            "message_id": rows.ids(world.numbers("message", len(sender)), "m"),
            "to_account_id": rows.pick(world.accounts.ident, receiver),
            "kind": rows.pick(self._words[3], kind),
            "text": text,
            "at": world.clock.midnight(day) + world.clock.social_times(rng, len(sender)),
        }
        world.outbox.post(rows.table("social_message", len(sender), columns), "social_message", day)

    def ties(self) -> None:
        """Send the mutual ties: most on the first day, some as they are made."""
        world, rng = self.world, self.world.dice("ties", 0)
        friends, clock = world.friends, world.clock
        count = len(friends.left)
        fresh = (rng.random(count) < 0.05) & (clock.days > 7)
        day = np.where(fresh, rng.integers(0, clock.days, count), 0)
        at = clock.midnight(0) - rng.integers(30, 2000, count) * DAY
        at = np.where(fresh, clock.midnight(0) + day * DAY + clock.social_times(rng, count), at)
        ended = (rng.random(count) < 0.01) & ~fresh
        kind = np.where(friends.is_family, 1, rng.choice([0, 0, 0, 0, 2, 3], count))
        left = world.accounts.home[friends.platform, friends.left]
        right = world.accounts.home[friends.platform, friends.right]
        table = rows.table(
            "social_tie",
            count,
            {
                "platform": rows.pick(PLATFORM_WORDS, friends.platform),
                "tie_id": rows.ids(world.numbers("tie", count), "t"),
                "account_id": rows.pick(world.accounts.ident, left),
                "other_account_id": rows.pick(world.accounts.ident, right),
                "kind": rows.pick(rows.words(("friend", "family", "classmate", "group")), kind),
                "at": at,
                "until": np.where(ended, at + 20 * DAY, rows.NULL),
            },
        )
        world.outbox.send(table, "social_tie", day)
