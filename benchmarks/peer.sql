-- The plain programs of the benchmark (benchmarks/world.py) in SQL: exact integers, rounded once, persons in order.
-- Like the kernel it leaves a result for every line and every claim, not only totals.
CREATE OR REPLACE TEMP TABLE line_scope AS (
    SELECT
        l.line,
        l.claim,
        l.amount,
        CASE WHEN t.lv = 3 THEN l.amount ELSE 0 END AS own,
        CASE
            WHEN t.lv = 3 OR t.lim < 0 THEN 0::HUGEINT
            ELSE greatest(0::HUGEINT, l.amount::HUGEINT * 100000000 - l.cnt::HUGEINT * t.lim)
        END AS over_e8,
        CASE WHEN t.lv = 3 THEN 0 ELSE t.ratio END AS ratio
    FROM lines AS l
    JOIN terms AS t USING (term)
);

CREATE OR REPLACE TEMP TABLE line_results AS (
    SELECT
        line,
        own,
        over_e8 // 10000 AS over_e4,
        (CASE WHEN own > 0 THEN 0 ELSE amount END::HUGEINT * 100000000 - over_e8) * ratio // 100000000 AS first_e4
    FROM line_scope
);

CREATE OR REPLACE TEMP TABLE claim_results AS (
WITH scope AS (
    SELECT
        claim,
        sum(amount) AS medfee,
        sum(own) AS own,
        sum(over_e8) AS over_e8,
        sum(amount - own) AS billed,
        sum(over_e8 * 10000 + (CASE WHEN own > 0 THEN 0 ELSE amount END::HUGEINT * 100000000 - over_e8) * ratio) AS borne_e12
    FROM line_scope
    GROUP BY claim
),

claim_scope AS (
    SELECT
        claim,
        medfee,
        own,
        over_e8,
        billed,
        (billed - borne_e12 // 1000000000000 - CASE WHEN 2 * (borne_e12 % 1000000000000) > 1000000000000 THEN 1 ELSE 0 END)::BIGINT AS s
    FROM scope
),

steps AS (
    SELECT
        c.year_row,
        coalesce(r.dedc_slot, -1) AS dedc_slot,
        coalesce(r.cap_slot, -1) AS cap_slot,
        list(
            {
                'claim': c.claim, 's': k.s, 'kind': coalesce(r.dedc_kind, 0), 'std': coalesce(r.dedc_e4, 0), 'later': coalesce(r.dedc_later, 0),
                'step': coalesce(r.dedc_step_fen, 0), 'floor': coalesce(r.dedc_floor_fen, 0), 'cap': coalesce(r.cap_kind, 0),
                'cap_fen': coalesce(r.cap_fen, 0), 'part': coalesce(r.part, 0), 'rate_over': coalesce(r.rate_over, 1),
                'd': 0::BIGINT, 'c': 0::BIGINT, 'out': []::STRUCT(claim BIGINT, dedc BIGINT, pay BIGINT)[]
            }
            ORDER BY c.claim
        ) AS items
    FROM claims AS c
    JOIN claim_scope AS k USING (claim)
    LEFT JOIN rules AS r USING (layer)
    GROUP BY ALL
),

reduced AS (
    SELECT
        list_reduce(
            list_prepend(
                {
                    'claim': 0::BIGINT, 's': 0::BIGINT, 'kind': 0::BIGINT, 'std': 0::BIGINT, 'later': 0::BIGINT, 'step': 0::BIGINT, 'floor': 0::BIGINT,
                    'cap': 0::BIGINT, 'cap_fen': 0::BIGINT, 'part': 0::BIGINT, 'rate_over': 1::BIGINT, 'd': 0::BIGINT, 'c': 0::BIGINT,
                    'out': []::STRUCT(claim BIGINT, dedc BIGINT, pay BIGINT)[]
                },
                items
            ),
            lambda a, x: list_transform(
                [CASE
                    WHEN x.kind = 0 THEN 0
                    WHEN x.kind = 1 THEN least(x.s, greatest(0, (x.std + 5000) // 10000 - a.d))
                    WHEN x.kind = 2 AND a.d > 0 AND x.later = 1
                        THEN least(x.s, (greatest(x.floor * 10000, x.std - a.d * x.step * 10000) + 5000) // 10000)
                    ELSE least(x.s, (x.std + 5000) // 10000)
                END],
                lambda dedc: list_transform(
                    [CASE
                        WHEN x.cap = 1
                            THEN least(((x.s - dedc) * x.part * 2 + x.rate_over) // (x.rate_over * 2), greatest(0, x.cap_fen - a.c))
                        ELSE ((x.s - dedc) * x.part * 2 + x.rate_over) // (x.rate_over * 2)
                    END],
                    lambda pay: {
                        'claim': x.claim, 's': x.s, 'kind': x.kind, 'std': x.std, 'later': x.later, 'step': x.step, 'floor': x.floor, 'cap': x.cap,
                        'cap_fen': x.cap_fen, 'part': x.part, 'rate_over': x.rate_over,
                        'd': a.d + CASE x.kind WHEN 1 THEN dedc WHEN 2 THEN 1 ELSE 0 END, 'c': a.c + pay,
                        'out': list_append(a.out, {'claim': x.claim, 'dedc': dedc, 'pay': pay})
                    }
                )[1]
            )[1]
        ) AS total
    FROM steps
)

SELECT
    k.claim,
    k.medfee,
    k.own,
    ((2 * k.over_e8 + 100000000) // 200000000)::BIGINT AS over_limit,
    k.s AS in_scope,
    k.billed - k.s - (2 * k.over_e8 + 100000000) // 200000000 AS first_pay,
    step.dedc,
    step.pay,
    k.medfee - step.pay AS person
FROM (SELECT unnest(total.out) AS step FROM reduced)
JOIN claim_scope AS k ON k.claim = step.claim
ORDER BY k.claim
);
