/** sla_config.yaml of the system before ours. */
export const ORIGINAL = `
sla_targets:
  critical:
    response: 15
    resolution: 240
  high:
    response: 60
    resolution: 480
  medium:
    response: 240
    resolution: 1440
  low:
    response: 480
    resolution: 2880

customer_tier_multipliers:
  enterprise: 0.5
  business: 0.75
  standard: 1.0
  free: 1.5

escalation_thresholds:
  warning: 15
  breach: 0

escalation_levels:
  - level: 1
    notify: ["#support-alerts"]
  - level: 2
    notify: ["#support-alerts", "#support-managers"]
  - level: 3
    notify: ["#support-alerts", "#support-managers", "#escalations"]
`
