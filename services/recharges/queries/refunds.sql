-- Money that goes back, and what becomes of the vouchers.

-- name: refunds_of_sale
SELECT refund.refund_id, refund.state, refund.amount_cents,
       ARRAY(SELECT voucher.serial
               FROM refund_voucher
               JOIN voucher ON voucher.batch_id = refund_voucher.batch_id
                           AND voucher.position = refund_voucher.position
              WHERE refund_voucher.refund_id = refund.refund_id
              ORDER BY voucher.serial) AS serials
  FROM refund
 WHERE refund.sale_id = %(sale_id)s
 ORDER BY refund.refund_id;

-- name: serials_going_back
-- The vouchers of a sale that were given back, or are about to be.
SELECT voucher.serial
  FROM refund
  JOIN refund_voucher ON refund_voucher.refund_id = refund.refund_id
  JOIN voucher ON voucher.batch_id = refund_voucher.batch_id
              AND voucher.position = refund_voucher.position
 WHERE refund.sale_id = %(sale_id)s
   AND NOT refund_voucher.denied;
