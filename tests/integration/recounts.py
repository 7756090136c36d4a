"""What a lake tells of many people, counted anew from its clean tables by another engine (DuckDB)."""

from __future__ import annotations

from huaxiang.tables.reader import query


def brought_by_sharers(lake: str) -> None:
    """Recomputed from the clean tables, by another engine."""
    sharers = (
        "FROM clean_{feed} o JOIN clean_share_link l USING (link_id) JOIN person_account s ON l.account = s.account"
        " LEFT JOIN person_account b ON o.account = b.account WHERE b.person IS DISTINCT FROM s.person {and_}"
        " AND o.business_date <= '2026-11-20' GROUP BY s.person ORDER BY s.person"
    )
    orders = (
        f"SELECT s.person, count(DISTINCT (o.platform, o.order_id)) n, sum(o.paid_minor)::BIGINT {sharers}"
    )
    told = "SELECT person, brought_orders_365d n, brought_spend_365d FROM portrait WHERE brought_orders_365d > 0 ORDER BY person"
    assert query(lake, told).to_pylist() != []
    assert [[*r.values()] for r in query(lake, told).to_pylist()] == [
        [*r.values()] for r in query(lake, orders.format(feed="order_line", and_="")).to_pylist()
    ]
    visits = f"SELECT s.person, count(*) {sharers}".format(feed="browse_event", and_="AND act = 'view'")
    told = "SELECT person, brought_visits_90d FROM portrait WHERE brought_visits_90d > 0 ORDER BY person"
    assert [[*r.values()] for r in query(lake, told).to_pylist()] == [
        [*r.values()] for r in query(lake, visits).to_pylist()
    ]


def rates(lake: str) -> None:
    """Recomputed by another engine: late parcels by courier, and by every brand in their orders."""
    told = (
        "SELECT key, sum(happened)::BIGINT late, sum(of_all)::BIGINT parcels FROM rate"
        " WHERE rate = 'late_share' AND key_kind = '{kind}' GROUP BY key ORDER BY key"
    )
    counted = (
        "WITH brands AS (SELECT DISTINCT o.platform, o.order_id, p.brand_id FROM clean_order_line o LEFT JOIN"
        " (SELECT platform, product_id, arg_max(brand_id, changed_at) AS brand_id FROM clean_product GROUP BY ALL) p"
        " USING (platform, product_id))"
        " SELECT {key} AS key, count(DISTINCT event_key) FILTER (delivered_at > promised_at) late,"
        " count(DISTINCT event_key) parcels FROM clean_delivery JOIN brands USING (platform, order_id)"
        " WHERE business_date <= '2026-11-20' AND {key} IS NOT NULL GROUP BY 1 ORDER BY 1"
    )
    for kind, key in (("courier", "courier_id"), ("brand", "brand_id")):
        rows = query(lake, told.format(kind=kind)).to_pylist()
        assert sum(row["late"] for row in rows) > 0
        assert rows == query(lake, counted.format(key=key)).to_pylist(), kind


def fans(lake: str) -> None:
    """Recounted by another engine: the last event of each pair of accounts up to each month's end."""
    counted = """
        WITH matrix AS (
            SELECT account AS brand_account, arg_max(brand_id, changed_at) AS brand_id FROM clean_social_account
            WHERE business_date <= '2026-11-20' GROUP BY account),
        who AS (SELECT account, person FROM person_account),
        days AS (SELECT DISTINCT month, least(last_day(month), DATE '2026-11-20') AS day FROM fan_base),
        states AS (
            SELECT month, brand_id, brand_account, account, arg_max(action, ("at", revision, event_key)) AS action
            FROM clean_social_follow JOIN matrix ON brand_account = other_account JOIN days ON business_date <= day
            WHERE brand_id IS NOT NULL GROUP BY ALL),
        fan AS (
            SELECT DISTINCT month, brand_id, unnest([brand_account, 'all']) AS brand_account, person
            FROM states JOIN who USING (account) WHERE action = 'follow'),
        post AS (SELECT platform, post_id, parent_post_id, account, business_date FROM clean_social_post),
        acted AS (
            SELECT i.account, p.account AS brand_account, i.business_date FROM clean_social_interaction i
            JOIN post p USING (platform, post_id) WHERE act IN ('like', 'click', 'favourite', 'share')
            UNION ALL
            SELECT r.account, p.account, r.business_date FROM post r
            JOIN post p ON p.platform = r.platform AND p.post_id = r.parent_post_id
            UNION ALL
            SELECT account, other_account, business_date FROM clean_social_message),
        active AS (
            SELECT DISTINCT date_trunc('month', business_date)::DATE AS month, brand_id,
                unnest([brand_account, 'all']) AS brand_account, person
            FROM acted JOIN matrix USING (brand_account) JOIN who USING (account)
            WHERE business_date <= '2026-11-20'),
        bought AS (
            SELECT person, brand_id, min(o.business_date) AS first FROM clean_order_line o
            JOIN (SELECT platform, product_id, arg_max(brand_id, changed_at) AS brand_id FROM clean_product
                  GROUP BY ALL) p ON p.platform = o.platform AND p.product_id = o.product_id
            JOIN who ON who.account = o.account GROUP BY ALL)
        SELECT month, brand_id, brand_account, count(*) AS fans, count(a.person) AS active_fans,
            count(*) FILTER (first <= day) AS buyers
        FROM fan JOIN days USING (month) LEFT JOIN active a USING (month, brand_id, brand_account, person)
        LEFT JOIN bought USING (person, brand_id) GROUP BY ALL ORDER BY ALL"""
    told = (
        "SELECT month, brand_id, coalesce(brand_account, 'all') AS brand_account, fans, active_fans, buyers"
        " FROM fan_base WHERE fans > 0 ORDER BY ALL"
    )
    rows = query(lake, told).to_pylist()
    assert rows == query(lake, counted).to_pylist()
    assert min(sum(row[name] for row in rows) for name in ("fans", "active_fans", "buyers")) > 0
    moved = (
        "SELECT count(*) AS n FROM (SELECT fans - gained + lost AS was, coalesce(lag(fans) OVER (PARTITION BY"
        " brand_id, brand_account ORDER BY month), 0) AS before FROM fan_base) WHERE was <> before"
    )
    assert query(lake, moved).to_pylist() == [{"n": 0}]
    now = "SELECT brand_id, count(*) AS fans FROM brand_relation WHERE is_follower GROUP BY 1 ORDER BY 1"
    base = (
        "SELECT brand_id, fans FROM fan_base WHERE brand_account IS NULL AND fans > 0"
        " AND month = '2026-11-01' ORDER BY 1"
    )
    assert query(lake, now).to_pylist() == query(lake, base).to_pylist()


def purchases(lake: str) -> None:
    """Counted anew by another engine; what parts add up to is the whole."""
    counted = """
        SELECT date_trunc('month', o.business_date)::DATE AS month, p.brand_id,
            count(DISTINCT (person, o.business_date)) AS orders
        FROM clean_order_line o JOIN person_account USING (account)
        JOIN (SELECT platform, product_id, arg_max(brand_id, changed_at) AS brand_id FROM clean_product GROUP BY ALL) p
            ON p.platform = o.platform AND p.product_id = o.product_id
        WHERE o.business_date <= '2026-11-20' GROUP BY ALL ORDER BY ALL"""
    talk = "SELECT month, brand_id, orders FROM talk_after WHERE brand_id IS NOT NULL ORDER BY ALL"
    path = "SELECT month, brand_id, orders FROM purchase_path WHERE brand_id IS NOT NULL AND touch IS NULL ORDER BY ALL"
    rows = query(lake, counted).to_pylist()
    assert rows == query(lake, talk).to_pylist() == query(lake, path).to_pylist() != []
    parts = "open_orders + unknown_orders + recommended + silent + complained + mixed"
    assert query(lake, f"SELECT count(*) AS n FROM talk_after WHERE orders <> {parts}").to_pylist() == [
        {"n": 0}
    ]
    ends = """
        SELECT count(*) AS n FROM purchase_path a JOIN (
            SELECT brand_id, month, sum(first_orders) AS first, sum(last_orders) AS last
            FROM purchase_path WHERE touch IS NOT NULL GROUP BY ALL) k
        ON a.brand_id IS NOT DISTINCT FROM k.brand_id AND a.month = k.month
        WHERE a.touch IS NULL AND (first <> a.orders_with OR last <> a.orders_with)"""
    assert query(lake, ends).to_pylist() == [{"n": 0}]
    touched = "SELECT count(DISTINCT touch) AS n FROM purchase_path"
    assert query(lake, touched).to_pylist() == [{"n": 9}]


def chains(lake: str) -> None:
    counted = """
        WITH l AS (
            SELECT link_id, person AS sharer, date_trunc('month', business_date)::DATE AS month
            FROM clean_share_link JOIN person_account USING (account) WHERE business_date <= '2026-11-20'),
        c AS (
            SELECT month, person FROM clean_browse_event JOIN l USING (link_id) JOIN person_account USING (account)
            WHERE act = 'view' AND business_date <= '2026-11-20' AND person <> sharer),
        o AS (
            SELECT month, person, (o.platform, order_id) AS ordered, paid_minor
            FROM clean_order_line o JOIN l USING (link_id) JOIN person_account USING (account)
            WHERE business_date <= '2026-11-20' AND person <> sharer)
        SELECT month, count(*) AS links, count(DISTINCT sharer) AS sharers,
            (SELECT count(DISTINCT person) FROM c WHERE c.month = l.month) AS clickers,
            (SELECT count(DISTINCT person) FROM o WHERE o.month = l.month) AS buyers,
            (SELECT count(DISTINCT ordered) FROM o WHERE o.month = l.month) AS orders,
            (SELECT coalesce(sum(paid_minor), 0)::BIGINT FROM o WHERE o.month = l.month) AS spend_minor
        FROM l GROUP BY month ORDER BY month"""
    told = (
        "SELECT month, links, sharers, clickers, buyers, orders, spend_minor FROM share_chain"
        " WHERE brand_id IS NULL ORDER BY month"
    )
    rows = query(lake, told).to_pylist()
    assert rows == query(lake, counted).to_pylist()
    assert sum(row["clickers"] for row in rows) > 0
    chained = "SELECT sum(passed_on) AS n FROM share_chain WHERE brand_id IS NULL AND largest >= deepest AND deepest >= 1"
    assert query(lake, chained).to_pylist()[0]["n"] > 0


def flows(lake: str) -> None:
    """Recounted by another engine: first days of two kinds, who turned away in between; ads refused within a week."""
    counted = """
        WITH who AS (SELECT account, person FROM person_account),
        official AS (
            SELECT account AS other_account, arg_max(brand_id, changed_at) AS brand_id FROM clean_social_account
            WHERE business_date <= '2026-11-20' GROUP BY ALL),
        product AS (
            SELECT platform, product_id, arg_max(brand_id, changed_at) AS brand_id FROM clean_product GROUP BY ALL),
        ads AS (SELECT campaign_id, arg_max(brand_id, changed_at) AS brand_id FROM clean_campaign GROUP BY ALL),
        post AS (SELECT platform, post_id, unnest(brand_ids) AS brand_id FROM clean_social_post),
        talk AS (
            SELECT person, brand_id, min(business_date) AS came FROM clean_social_message
            JOIN official USING (other_account) JOIN who USING (account)
            WHERE kind = 'service' AND business_date <= '2026-11-20' AND brand_id IS NOT NULL GROUP BY ALL),
        buy AS (
            SELECT person, brand_id, min(business_date) AS went FROM clean_order_line
            JOIN product USING (platform, product_id) JOIN who USING (account)
            WHERE business_date <= '2026-11-20' GROUP BY ALL),
        away AS (
            SELECT account, brand_id, business_date FROM clean_social_follow JOIN official USING (other_account)
            WHERE action = 'unfollow'
            UNION ALL
            SELECT account, brand_id, business_date FROM clean_social_interaction JOIN post USING (platform, post_id)
            WHERE act IN ('hide', 'report')
            UNION ALL
            SELECT account, brand_id, business_date FROM clean_ad_event JOIN ads USING (campaign_id)
            WHERE act IN ('hide', 'unfollow')),
        moved AS (
            SELECT {one}.*, {other}.* EXCLUDE (person, brand_id), EXISTS (
                SELECT 1 FROM away JOIN who USING (account)
                WHERE who.person = {one}.person AND away.brand_id = {one}.brand_id
                AND business_date > came AND business_date <= came + 30) AS turned
            FROM (SELECT person, brand_id, {first} AS came FROM {one}) {one}
            LEFT JOIN (SELECT person, brand_id, {then} AS went FROM {other}) {other} USING (person, brand_id))
        SELECT date_trunc('month', came)::DATE AS month, brand_id, count(*) AS entered,
            count(*) FILTER (went < came) AS already, count(*) FILTER (went = came) AS same_day,
            count(*) FILTER (coalesce(went > came, true) AND came + 30 > '2026-11-20') AS open,
            count(*) FILTER (went > came AND went <= came + 30 AND came + 30 <= '2026-11-20') AS converted,
            count(*) FILTER (
                turned AND coalesce(went > came + 30, true) AND came + 30 <= '2026-11-20') AS lost
        FROM moved GROUP BY ALL ORDER BY ALL"""
    told = (
        "SELECT month, brand_id, entered, already, same_day, open, converted, lost FROM conversion"
        " WHERE brand_id IS NOT NULL AND from_kind = '{}' AND to_kind = '{}' ORDER BY ALL"
    )
    ways = {
        ("dialogue", "purchase"): ("talk", "buy", "came", "went"),
        ("purchase", "dialogue"): ("buy", "talk", "went", "came"),
    }
    for way, (one, other, first, then) in ways.items():
        rows = query(lake, told.format(*way)).to_pylist()
        assert sum(row["entered"] for row in rows) > 0
        again = counted.format(one=one, other=other, first=first, then=then)
        assert rows == query(lake, again).to_pylist(), way
    shown = """
        WITH who AS (SELECT account, person FROM person_account),
        ads AS (SELECT campaign_id, arg_max(brand_id, changed_at) AS brand_id FROM clean_campaign GROUP BY ALL),
        act AS (
            SELECT person, brand_id, campaign_id, act, business_date FROM clean_ad_event JOIN ads USING (campaign_id)
            JOIN who USING (account) WHERE brand_id IS NOT NULL),
        shown AS (SELECT * FROM act WHERE act = 'impression' AND business_date <= DATE '2026-11-20' - 6)
        SELECT date_trunc('month', s.business_date)::DATE AS month, s.brand_id, s.campaign_id,
            count(DISTINCT s.person) AS persons,
            count(DISTINCT CASE WHEN a.person IS NOT NULL THEN s.person END) AS refused
        FROM shown s LEFT JOIN act a ON a.person = s.person AND a.campaign_id = s.campaign_id
            AND a.act IN ('hide', 'unfollow') AND a.business_date BETWEEN s.business_date AND s.business_date + 6
        GROUP BY ALL ORDER BY ALL"""
    told = (
        "SELECT month, brand_id, campaign_id, persons, refused FROM push_cost WHERE campaign_id IS NOT NULL"
        " ORDER BY ALL"
    )
    rows = query(lake, told).to_pylist()
    assert rows == query(lake, shown).to_pylist()
    assert sum(row["persons"] for row in rows) > 0


RECOUNTS = (brought_by_sharers, rates, fans, purchases, chains, flows)
