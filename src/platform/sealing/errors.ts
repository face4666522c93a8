/** Thrown when none of the keys has sealed this. The key that has was replaced and is no longer among the earlier ones. */
export class SealedWithAnotherKey extends Error {
  override readonly name = 'SealedWithAnotherKey'
}

/**
 * Thrown when a sealed value does not open with its own key: it was changed, cut off, sealed for another context, or it
 * never was a sealed value. Which of these cannot be told when the seal itself does not fit: to the cipher they are one.
 */
export class SealBroken extends Error {
  override readonly name = 'SealBroken'
}
