"""A plain Python function. Change it, then: plat deploy"""


def handler(request):
    if request.method == "POST":
        numbers = request.json().get("numbers", [])
        return {"count": len(numbers), "sum": sum(numbers)}
    name = request.query.get("name", "world")
    return f"Hello, {name}!\n"
