import type { Phrasebook } from './phrasebook.ts'

export const english: Phrasebook = {
  language: 'English',
  firstNames: [
    'Olivia',
    'James',
    'Amara',
    'Liam',
    'Priya',
    'Noah',
    'Grace',
    'Ethan',
    'Chloe',
    'Daniel',
    'Maeve',
    'Omar',
  ],
  lastNames: ['Turner', 'Okafor', 'Hughes', 'Patel', 'Murphy', 'Clarke', 'Nguyen', 'Bennett', 'Walsh', 'Ahmed', 'Reid'],
  companies: ['Harbour & Finch', 'Northgate Dental', 'Pinewood School', 'Larkspur Studios', 'Millbrook Logistics'],
  greetings: [
    'Hi there,',
    'Hello,',
    'Dear support team,',
    'Good morning,',
    'Hi {company} team,',
    'To whom it may concern,',
  ],
  chatGreetings: ['hi', 'hey', 'hello??', 'hi, quick one:', 'hey there 👋', ''],
  closings: [
    'Thanks in advance.',
    'Looking forward to your reply.',
    'Many thanks for your help.',
    'Please advise.',
    '',
  ],
  signOffs: ['Best regards', 'Kind regards', 'Thanks', 'Cheers', 'Regards'],
  mobileSignature: 'Sent from my phone',
  quoteHeadings: ['On {date}, {company} Support wrote:', '----- Original message of {date} -----'],
  quotedReplies: [
    'Thank you for contacting us. Your request has been received and will be answered within two working days.',
    'Could you send us a photo and the order number so that we can look into this?',
    'We have passed this on to our technical team and will come back to you shortly.',
    'Please try restarting the {product} and let us know whether the problem persists.',
  ],
  amount: (units, cents) => `£${units}.${String(cents).padStart(2, '0')}`,
  dateLocale: 'en-GB',
  topics: [
    {
      name: 'double charge',
      subjects: ['Charged twice for order {order}', 'Duplicate payment of {amount}', 'Two charges on my card'],
      openings: [
        'I was charged twice for order {order}.',
        'My bank statement shows two payments of {amount} on {date}.',
        'Your checkout froze, I pressed pay again, and now {amount} has been taken twice.',
      ],
      details: [
        'There is only one confirmation mail, so the second charge must be a mistake.',
        'The invoice {invoice} lists the amount once.',
        'Both payments have left my account, neither is pending.',
      ],
      asks: ['Please return the second payment.', 'Can you check which of the two is correct and reverse the other?'],
    },
    {
      name: 'refund',
      subjects: ['Refund for {order}', 'Returned {product}, no refund yet', 'When do I get my {amount} back?'],
      openings: [
        'I sent the {product} back {days} days ago and have not heard anything since.',
        'I returned order {order} on {date} within the return period.',
        'The {product} was not what I expected, so I shipped it back.',
      ],
      details: [
        'Tracking says that your warehouse signed for it.',
        'The return label you gave me was used and I kept the receipt.',
        'Your site promises refunds within five working days.',
      ],
      asks: [
        'Please refund the {amount}.',
        'Could you tell me when the refund will arrive?',
        'I would like a refund, not a voucher.',
      ],
    },
    {
      name: 'chargeback threat',
      subjects: ['Final request before chargeback: {order}', 'Disputing {amount} with my bank', 'This is fraud'],
      openings: [
        'This is my fourth message about order {order}, and nobody has answered.',
        'I never authorised the payment of {amount} on {date}.',
        'You keep charging me {amount} although I cancelled {days} days ago.',
      ],
      details: [
        'I find this completely unacceptable and frankly it looks like fraud.',
        'I have screenshots of every message I sent you.',
        'My bank has already opened a case for me.',
      ],
      asks: [
        'Refund me today or I will file a chargeback.',
        'If the money is not back by Friday I start the chargeback.',
      ],
    },
    {
      name: 'login',
      subjects: ['Cannot log in', 'Password reset mail never arrives', 'Locked out of my account ({error})'],
      openings: [
        'I cannot log in since {date}.',
        'The password reset mail does not arrive, and yes, I checked the spam folder.',
        'After the update to {version} the app signs me out all the time.',
      ],
      details: [
        'It says {error} and nothing else.',
        'I tried two browsers and my phone.',
        'My colleague has the same problem with {plan}.',
      ],
      asks: ['Can you unlock my account?', 'Please reset my second factor.', 'What else can I try?'],
    },
    {
      name: 'privacy request',
      subjects: ['GDPR: access to my data', 'Please erase my account and data', 'Subject access request'],
      openings: [
        'Under Article 15 GDPR I request a copy of all personal data that you hold about me.',
        'I closed my account on {date} and want my data erased under Article 17 GDPR.',
        'I keep getting your newsletter although I objected {days} days ago.',
      ],
      details: [
        'This includes order {order} and everything you passed to third parties.',
        'I never agreed to the sharing of my address.',
        'Please also name your data protection officer.',
      ],
      asks: ['Please confirm receipt and reply within one month.', 'Confirm in writing once this is done.'],
    },
    {
      name: 'legal threat',
      subjects: ['Letter before action: {order}', 'My lawyer will contact you', 'Formal complaint'],
      openings: [
        'I have instructed my solicitor in the matter of order {order}.',
        'The battery of the {product} caught fire on {date} and damaged our kitchen.',
        'You have ignored the deadline that I set {days} days ago.',
      ],
      details: [
        'The damage comes to {amount} so far, and we have photographs.',
        'The consumer ombudsman has been informed.',
        'I hold you liable for all costs.',
      ],
      asks: [
        'If I do not hear from you within 7 days we will go to court.',
        'Expect a lawsuit unless this is settled.',
      ],
    },
    {
      name: 'defect',
      subjects: ['{product} broken after {days} days', '{product} stopped working', 'Arrived damaged: {order}'],
      openings: [
        'The {product} stopped working {days} days after it arrived.',
        'I opened the parcel of order {order} today and the {product} has a crack along the side.',
        'My {product} shows {error} every time I switch it on.',
      ],
      details: [
        'I already reset it and installed {version}, no change.',
        'A photo is attached.',
        'It worked fine until {date}, then it started making a grinding noise.',
      ],
      asks: [
        'Can I get a replacement?',
        'Is this covered by the warranty?',
        'Please tell me how to send it in for repair.',
      ],
    },
    {
      name: 'outage',
      subjects: [
        'URGENT: {product} down for everyone',
        'Nothing works since this morning',
        'Production outage, {error}',
      ],
      openings: [
        '{product} has been down for our whole team since this morning.',
        'All requests fail with {error} since the release of {version}.',
        'We cannot take orders, the screen stays white.',
      ],
      details: [
        'Around {days}0 people cannot work.',
        'Your status page is all green, which is not true.',
        'This is the second time since {date}.',
      ],
      asks: ['Please treat this as urgent.', 'We need somebody on the phone right now.', 'When will it be back?'],
    },
    {
      name: 'late delivery',
      subjects: ['Where is my order {order}?', 'Delivery {days} days late', 'Tracking stuck'],
      openings: [
        'Order {order} was promised for {date} and is still not here.',
        'The tracking of my {product} has not moved for {days} days.',
        'The courier says delivered, but nothing arrived.',
      ],
      details: [
        'Neighbours do not have it either.',
        'It is a birthday present.',
        'I stayed at home two days for this.',
      ],
      asks: ['Where is it?', 'Please send it again or cancel the order.', 'Can you ask the courier?'],
    },
    {
      name: 'feature request',
      subjects: ['Idea: export for {plan}', 'Feature request: dark mode', 'Could {product} do this?'],
      openings: [
        'We use {product} every day and miss one thing.',
        'It would be great to export the monthly overview as a spreadsheet.',
        'Please consider a dark mode, my eyes would be grateful 😊',
      ],
      details: [
        'In {version} I still copy everything by hand.',
        'Other tools in the {plan} price range have it.',
        'It would save us about {days} hours a week.',
      ],
      asks: ['Is something like that planned?', 'Could you pass it on to the product team?'],
    },
    {
      name: 'how to',
      subjects: ['Question about {product}', 'How do I change the invoice address?', 'Quick question on {plan}'],
      openings: [
        'I have a question about my {product}.',
        'How do I change the address on invoice {invoice}?',
        'We would like to move from {plan} to yearly billing.',
      ],
      details: [
        'I looked in the help pages and did not find it.',
        'The menu looks different in {version}.',
        'Order number is {order}, if you need it.',
      ],
      asks: [
        'Could you point me to the right place?',
        'A link would be enough.',
        'No rush, whenever you have a minute.',
      ],
    },
    {
      name: 'cancellation',
      subjects: ['Cancel my subscription', 'Cancelling {plan}', 'Please cancel order {order}'],
      openings: [
        'I would like to cancel {plan} at the next possible date.',
        'Please cancel order {order}, I ordered the wrong size.',
        'We no longer need {product}.',
      ],
      details: [
        'The cancel button in my account leads to {error}.',
        'The price rise of {date} is too much for us.',
        'Nothing personal, our project has ended.',
      ],
      asks: ['Please confirm the cancellation in writing.', 'Make sure that nothing is charged after {date}.'],
    },
    {
      name: 'praise',
      subjects: ['Thank you!', 'Great service', 'Kudos to your team'],
      openings: [
        'Just wanted to say thank you, the {product} arrived after {days} days and works beautifully.',
        'Your colleague on the phone on {date} was fantastic.',
        'We moved everyone to {plan} and love it.',
      ],
      details: [
        'Setting it up took ten minutes.',
        'Even the update to {version} went without a hitch.',
        'My order {order} was packed with such care.',
      ],
      asks: ['Please pass this on! ⭐', 'Keep up the great work.', 'Nothing to do here, have a lovely day.'],
    },
    {
      name: 'false alarm',
      subjects: ['Not urgent: invoice {invoice}', 'No refund needed after all', 'Solved, please close'],
      openings: [
        'This is not urgent, I only wanted to let you know.',
        'Please ignore my message of {date}, I am not angry any more.',
        'Our legal team says thanks for the quick reply about {invoice}.',
      ],
      details: [
        'The {product} was not broken, it was simply not plugged in 😅',
        'The second charge of {amount} disappeared by itself.',
        'The download link works again.',
      ],
      asks: ['No refund needed.', 'You can close the ticket.'],
    },
  ],
}
