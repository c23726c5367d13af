// A function for Node. Change it, then: plat deploy

export async function handler(request) {
  if (request.method === "POST") {
    const { numbers = [] } = await request.json();
    return { count: numbers.length, sum: numbers.reduce((sum, number) => sum + number, 0) };
  }
  const name = new URL(request.url).searchParams.get("name") ?? "world";
  return `Hello, ${name}!\n`;
}
