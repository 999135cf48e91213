/** Commands as processes of their own, servers with several workers, and every way to move a store. */
import { runWhole } from '../support/file-suites.ts'

runWhole('cli/{migrate,process,tls,workers}.test.ts')
