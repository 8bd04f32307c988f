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
    WITH rounded AS (
        SELECT
            line,
            amount - own AS billed,
            own,
            (over_e8 // 10000 + CASE WHEN over_e8 % 10000 >= 5000 THEN 1 ELSE 0 END)::BIGINT AS over_e4,
            ((((amount - own)::HUGEINT * 100000000 - over_e8) * ratio + 50000000) // 100000000)::BIGINT AS first_e4
        FROM line_scope
    )

    SELECT line, own, over_e4, first_e4, billed * 10000 - over_e4 - first_e4 AS in_scope_e4 FROM rounded
);

-- A layer as five numbers: the deductible of a visit is greatest(floor, standard - counter * step), for every kind.
CREATE OR REPLACE TEMP TABLE flat_rules AS (
    SELECT
        layer,
        dedc_slot,
        CASE cap_kind WHEN 1 THEN cap_slot ELSE -1 END AS cap_slot,
        CASE dedc_kind WHEN 0 THEN 0 ELSE (dedc_e4 + 5000) // 10000 END AS standard,
        CASE WHEN dedc_kind = 1 THEN 1 WHEN dedc_kind = 2 AND dedc_later = 1 THEN dedc_step_fen ELSE 0 END AS step,
        CASE WHEN dedc_kind = 2 AND dedc_later = 1 THEN dedc_floor_fen ELSE 0 END AS floor,
        CASE WHEN dedc_kind <= 2 THEN dedc_kind ELSE 0 END AS grows,
        CASE cap_kind WHEN 1 THEN cap_fen ELSE 4611686018427387904 END AS cap_fen,
        part,
        rate_over
    FROM rules
    UNION ALL
    SELECT -1, -1, -1, 0, 0, 0, 0, 4611686018427387904, 0, 1
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
        r.dedc_slot,
        r.cap_slot,
        list_sort(list({
            'claim': c.claim, 's': k.s, 'standard': r.standard, 'step': r.step, 'floor': r.floor, 'grows': r.grows,
            'cap_fen': r.cap_fen, 'part': r.part, 'rate_over': r.rate_over,
            'd': 0::BIGINT, 'c': 0::BIGINT, 'out': []::STRUCT(claim BIGINT, dedc BIGINT, pay BIGINT)[]
        })) AS items
    FROM claims AS c
    JOIN claim_scope AS k USING (claim)
    JOIN flat_rules AS r USING (layer)
    GROUP BY ALL
),

reduced AS (
    SELECT
        list_reduce(
            items,
            lambda a, x: {
                'claim': 0, 's': 0, 'standard': 0, 'step': 0, 'floor': 0, 'grows': 0, 'cap_fen': 0, 'part': 0, 'rate_over': 1,
                'd': a.d + CASE x.grows WHEN 1 THEN least(x.s, greatest(x.floor, x.standard - a.d * x.step)) ELSE x.grows // 2 END, 'c': a.c + least(((x.s - least(x.s, greatest(x.floor, x.standard - a.d * x.step))) * x.part * 2 + x.rate_over) // (x.rate_over * 2), greatest(0, x.cap_fen - a.c)),
                'out': list_append(a.out, {'claim': x.claim, 'dedc': least(x.s, greatest(x.floor, x.standard - a.d * x.step)), 'pay': least(((x.s - least(x.s, greatest(x.floor, x.standard - a.d * x.step))) * x.part * 2 + x.rate_over) // (x.rate_over * 2), greatest(0, x.cap_fen - a.c))})
            },
            {
                'claim': 0, 's': 0, 'standard': 0, 'step': 0, 'floor': 0, 'grows': 0, 'cap_fen': 0, 'part': 0, 'rate_over': 1,
                'd': 0, 'c': 0, 'out': []::STRUCT(claim BIGINT, dedc BIGINT, pay BIGINT)[]
            }
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
);
