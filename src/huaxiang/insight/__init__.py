"""What is told of many people: a table, the module that makes it, the command that tells it.

conversion, push_cost: `flows` (`conversion`, `push_cost`), huaxiang flows · purchase_path, talk_after: `journeys`
(`touches`, `purchase_path`, `talk_after`), huaxiang paths · share_chain: `chains`, huaxiang chains · fan_base,
fan_overlap: `fans`, huaxiang fans · premium: `premium`, huaxiang premium · new_buyer_source: `newcomers`, huaxiang
new-buyers · gift_conversion: `gifts` · member_match: `members`, huaxiang members · friend_lift: `friend_lift`, huaxiang
friend-lift · rate: `rates`, huaxiang rates. `step` writes them all, `of_many` the weekly ones. `comments` makes no table: what people
rated, for huaxiang sentiment.
"""
