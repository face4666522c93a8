/**
 * What a tenant sells; gives its tickets their products, plans and order numbers. Every one sells goods with a plan on
 * top, so that any topic, from a lost parcel to a failed sign-in, fits any tenant.
 */
export type Business = { company: string; orderPrefix: string; products: string[]; plans: string[]; errors: string[] }

/** Tenants take these in turn. */
export const BUSINESSES: Business[] = [
  {
    company: 'Kettlewood',
    orderPrefix: 'KW',
    products: ['Aroma 200', 'Barista Duo', 'MilkFoam Pro', 'Kettle One', 'Grinder S', 'ToastMate'],
    plans: ['Coffee Club', 'Coffee Club Plus', 'Bean Box'],
    errors: ['E04', 'E11', 'a blinking red light', '"Check water"', 'error 502'],
  },
  {
    company: 'Ledgerline',
    orderPrefix: 'LL',
    products: ['Till One', 'CardReader 3', 'ReceiptPrinter', 'KitchenScreen', 'StockScanner', 'Ledgerline Hub'],
    plans: ['Starter', 'Team', 'Business', 'Enterprise'],
    errors: ['HTTP 500', 'HTTP 403', 'ERR_SESSION_EXPIRED', '"Something went wrong"', 'timeout after 30 s'],
  },
  {
    company: 'Halvora Home',
    orderPrefix: 'HH',
    products: ['Halvora Hub', 'Thermo Mini', 'DoorCam 2', 'LeakSense', 'Halvora Bulb', 'GateLock'],
    plans: ['Home Basic', 'Home Secure', 'Home Secure Family'],
    errors: ['code 17', 'code 31', '"Device offline"', '"Pairing failed"', 'error 0x80'],
  },
  {
    company: 'Velotopia',
    orderPrefix: 'VT',
    products: ['CityGlide', 'CargoMax', 'TrailFox', 'BatteryPack 500', 'RideApp', 'KidSeat'],
    plans: ['Ride Monthly', 'Ride Yearly', 'Fleet 10'],
    errors: ['E-07', 'E-12', '"Bike not found"', '"Payment declined"', 'a frozen map'],
  },
]
