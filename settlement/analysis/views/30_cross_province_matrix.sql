-- Insured province by province of treatment: claims and what the funds paid, in yuan.
WITH pairs AS (
    SELECT
        left(insuplc_admdvs, 2) || '0000' AS insured_province,
        left(mdtrtarea_admvs, 2) || '0000' AS place_province,
        filing,
        count(*) AS claims,
        sum(medfee_sumamt_fen) AS medfee_fen,
        sum(fund_pay_sumamt_fen) AS fund_fen
    FROM claims
    WHERE relation = 'cross_province'
    GROUP BY ALL
)

SELECT
    insured_province,
    place_province,
    filing,
    claims,
    (medfee_fen::DECIMAL(18, 2) * 0.01)::DECIMAL(18, 2) AS medfee_yuan,
    (fund_fen::DECIMAL(18, 2) * 0.01)::DECIMAL(18, 2) AS fund_yuan
FROM pairs
ORDER BY claims DESC, insured_province, place_province, filing
