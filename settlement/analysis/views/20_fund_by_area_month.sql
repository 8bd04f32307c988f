-- What each insured area's funds paid, month by month, in yuan.
WITH monthly AS (
    SELECT
        insuplc_admdvs,
        date_trunc('month', day)::DATE AS month,
        insutype,
        count(*) AS claims,
        sum(medfee_sumamt_fen) AS medfee_fen,
        sum(fund_pay_sumamt_fen) AS fund_fen,
        sum(acct_pay_fen) AS acct_fen,
        sum(psn_cash_pay_fen) AS cash_fen
    FROM claims
    GROUP BY ALL
)

SELECT
    insuplc_admdvs,
    month,
    insutype,
    claims,
    (medfee_fen::DECIMAL(18, 2) * 0.01)::DECIMAL(18, 2) AS medfee_yuan,
    (fund_fen::DECIMAL(18, 2) * 0.01)::DECIMAL(18, 2) AS fund_yuan,
    (acct_fen::DECIMAL(18, 2) * 0.01)::DECIMAL(18, 2) AS acct_yuan,
    (cash_fen::DECIMAL(18, 2) * 0.01)::DECIMAL(18, 2) AS cash_yuan
FROM monthly
ORDER BY insuplc_admdvs, month, insutype
