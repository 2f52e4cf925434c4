/** The form with which an order begins, and what it will go through. */
import { diagram } from 'signalbox';
import { type FormEvent, useState } from 'react';
import { order } from './order.ts';
import { Picture } from './run.tsx';

const GOODS = ['chair', 'lamp', 'table', 'rug'];

export function Choose({ onOrder }: { readonly onOrder: (lines: string[]) => void }) {
  const [lines, setLines] = useState(['chair', 'lamp', 'table']);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onOrder(lines);
  };
  return (
    <main>
      <header>
        <h1>A new order</h1>
      </header>
      <div className="columns">
        <Picture svg={diagram(order)} />
        <form className="card" onSubmit={submit}>
          <fieldset>
            <legend>Goods</legend>
            {GOODS.map((name) => (
              <label key={name}>
                <input
                  type="checkbox"
                  checked={lines.includes(name)}
                  onChange={({ target }) =>
                    setLines(target.checked ? [...lines, name] : lines.filter((line) => line !== name))
                  }
                />
                {name}
              </label>
            ))}
          </fieldset>
          <button type="submit" className="first">
            Place the order
          </button>
        </form>
      </div>
    </main>
  );
}
