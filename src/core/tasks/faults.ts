import { declareFaults } from '../../kernel/faults.ts'

export const taskFault = declareFaults({
  'tasks.not_found': 404,
  'tasks.already_ended': 409,
})

export const taskNotFound = () =>
  taskFault('tasks.not_found', {
    public: 'There is no such task, or it belongs to a tenant you are not a member of.',
    internal: 'no task with that id in the caller’s tenants',
  })
