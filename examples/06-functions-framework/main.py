"""Two functions written for Google's Functions Framework; nothing in them knows plat."""

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

import functions_framework

CENT = Decimal("0.01")


@functions_framework.http
def invoice(request):
    """POST {"lines": [{"price": "9.99", "quantity": 3}], "tax": "0.19"}: net, tax and gross."""
    order = request.get_json(silent=True)
    try:
        net = sum(Decimal(line["price"]) * int(line["quantity"]) for line in order["lines"])
        tax = net * Decimal(order.get("tax", "0"))
        net, tax = (Decimal(x).quantize(CENT, rounding=ROUND_HALF_UP) for x in (net, tax))
    except (InvalidOperation, KeyError, TypeError, ValueError, AttributeError) as error:
        return {"error": f"not an order: {error!r}"}, 400
    return {"net": str(net), "tax": str(tax), "gross": str(net + tax)}


@functions_framework.cloud_event
def on_order(event):
    """Take a CloudEvent, for example from a message queue, and note what it says."""
    print(f"{event['type']} from {event['source']}: order {event.data['order']}")
