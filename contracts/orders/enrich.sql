-- One row an order; the customer's fields become columns, the items stay together.
SELECT
    * EXCLUDE (customer),
    customer.id AS customer_id,
    customer.email AS customer_email,
    customer.country AS customer_country,
    len(items) AS item_count
FROM records
