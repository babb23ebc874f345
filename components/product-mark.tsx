/** The product's mark: a cursor whose trail is a chain of entries. */
export function ProductMark({ className }: { className?: string }) {
  return (
    <svg viewBox="0 0 24 24" className={className} aria-hidden fill="none">
      <rect width="24" height="24" rx="6" fill="var(--accent)" />
      <path
        d="M15.5 7.2a6 6 0 1 0 0 9.6"
        stroke="var(--accent-text)"
        strokeWidth="2.4"
        strokeLinecap="round"
        strokeDasharray="3.1 3.3"
      />
      <path d="M17.6 6.5v11" stroke="var(--accent-text)" strokeWidth="2.4" strokeLinecap="round" />
    </svg>
  );
}
