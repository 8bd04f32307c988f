-- Why claims were not settled.
SELECT code, any_value(message_en) AS example, count(DISTINCT claim) AS claims
FROM refusals
GROUP BY code
ORDER BY claims DESC, code
