import { redirect } from 'next/navigation';
import { Landing } from '../components/auth/landing.tsx';
import { currentCaller } from './auth/caller.ts';

export default async function HomePage() {
  if (await currentCaller()) redirect('/ide');
  return <Landing />;
}
