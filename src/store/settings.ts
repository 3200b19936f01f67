export interface StoreSettings {
  /** `sqlite:/absolute/path`. */
  readonly url: string
}
