import NextAuth from 'next-auth';
import { authOptions } from '../../../auth/options.ts';

type Handler = (request: Request, context: { params: Promise<{ nextauth: string[] }> }) => Promise<Response>;

// Made at each request: the services do not exist while the build imports this file.
const handler: Handler = (request, context) => (NextAuth(authOptions()) as Handler)(request, context);

export { handler as GET, handler as POST };
