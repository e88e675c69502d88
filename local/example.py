"""The example order of this project: what `make run` offers to paste, and tests start from."""

from __future__ import annotations

from typing import Any

ORDER: dict[str, Any] = {
    "restaurantId": "rest-42",
    "customerId": "cust-1",
    "currency": "USD",
    "items": [
        {
            "itemId": "margherita",
            "name": "Pizza Margherita",
            "quantity": 2,
            "unitPrice": 1199,
            "options": [{"name": "extra cheese", "price": 150}],
            "note": "well done",
        }
    ],
    "deliveryFee": 299,
    "tip": 200,
    "deliveryAddress": {
        "line1": "1 Market St",
        "city": "San Francisco",
        "postalCode": "94105",
        "country": "US",
    },
    "contactPhone": "+14155550123",
    "note": "ring twice",
}
"""It costs 2 × (1199 + 150) + 299 + 200 = 3197."""
