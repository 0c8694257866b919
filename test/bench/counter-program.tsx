// Ink's own counter example (github.com/vadimdemedes/ink, examples/counter), and beside it a count of the keys pressed.
import { render, Text, useInput } from "ink";
import { type ReactElement, useEffect, useState } from "react";

function Counter(): ReactElement {
  const [counter, setCounter] = useState(0);
  const [keys, setKeys] = useState(0);
  useInput(() => setKeys((count) => count + 1));
  useEffect(() => {
    const timer = setInterval(() => setCounter((count) => count + 1), 100);
    return () => clearInterval(timer);
  }, []);
  return (
    <Text color="green">
      {counter} tests passed, {keys} keys pressed
    </Text>
  );
}

render(<Counter />);
