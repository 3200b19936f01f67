/** The figures of the policy. Each was tried in the simulator of bench/routing; the comment says what it trades. */
export const policy = {
  /** Times a load, for a model that is evicted and wanted again. Below 2 loads multiply; from 2 to 8 little changes. */
  swapWeight: 4,
  /** Of an evicted model that another upstream holds: its next request has somewhere to go. At 0.3 a third more loads. */
  heldElsewhereShare: 0.6,
  /** An evicted model that is asked for within this time counts as wanted again. */
  wantedAgainMs: 60_000,
  /** Below that nobody is believed to miss it: it makes room for what waits. */
  unwantedChance: 0.05,
  /** Of the expected time of a load that nothing waits for: then it is believed to be done. */
  loadPatience: 1.25,
  /** Keeps what fits everywhere off the only server of something scarce. Above 1, servers idle; capping it hurts. */
  scarcityWeight: 1,
  /** No load is as good as full: the price stays finite. */
  maxLoadShare: 0.95,
  /** What a new stream takes from those that run beside it, against its own time. 0 crowds two slots, 1 idles one. */
  delayWeight: 0.5,
  /** How long arrivals are remembered: long enough for a model asked for twice a minute. */
  demandMs: 120_000,
  /** What changes slowly is not asked for again within this time. */
  freshMs: 250,
  /**
   * Of a time of waiting, as service that was not had: it bounds how long fairness can make anybody wait. From 0 to 0.3
   * light users wait as long, and no less where they always go first: what runs is not taken from anybody.
   */
  ageWeight: 0.1,
  /** Who has waited this long, and `oldTimesMean` as long as the mean, may swap at no cost. */
  oldMs: 60_000,
  /** Relative: where everybody is old, swaps that cost nothing would be a storm. */
  oldTimesMean: 3,
  /** What overran its mean is believed to take this share of the mean on: lengths vary so much that late says little. */
  overrunShare: 0.8,
  /** What overran it so many times may never end. Few answers are so long: less would cost waits that pay. */
  lostTimesMean: 4,
  /** From the end of an answer until its slot is free. */
  endingMs: 1,
  /** How likely a slot that is only tried is not there. */
  tryRisk: 1,
  /** Room is made for a load for so long, then for so long it is not. */
  reservationMs: 60_000,
  /** Keys of one lane that are looked at for a free slot: the first may rather wait, and the next not. */
  headsPerLane: 3,
  /** Embeddings end in milliseconds, and what is learnt of long answers is not about them. */
  briefSlots: 4,
  /** What was best so long ago may no longer be. */
  bestAgeMs: 1_000,
  /** A list of loaded models may be so much older than what was sent since. */
  staleListMs: 5_000,
  /** A batch work that has waited this share of the longest wait goes with the interactive ones. */
  batchPatience: 0.5,
  /** Costs closer than this are equal, and equals take turns. */
  tieMs: 0.5,
} as const
